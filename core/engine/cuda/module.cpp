// SPDX-License-Identifier: Apache-2.0
// Entry points that run/device.cpp looks up after opening the module.
#include <ATen/core/Tensor.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

#include "engine/cuda/dropout.h"
#include "engine/cuda/exports.h"
#include "engine/cuda/update.h"

namespace {

namespace Caching = c10::cuda::CUDACachingAllocator;
constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

}  // namespace

/// Devices that LibTorch can use; 0 where the driver is missing or too old.
extern "C" [[gnu::visibility("default")]] int headroomCudaDeviceCount() { return c10::cuda::device_count(); }

extern "C" [[gnu::visibility("default")]] void headroomCudaMemory(int device, headroom::cuda::MemoryFigures& figures) {
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
    std::size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) return;
    figures.total = static_cast<std::int64_t>(total);
    figures.free = static_cast<std::int64_t>(free);
    const auto stats = Caching::getDeviceStats(static_cast<c10::DeviceIndex>(device));
    figures.reserved = stats.reserved_bytes[kAll].current;
    figures.allocated = stats.requested_bytes[kAll].current;
    figures.peakAllocated = stats.requested_bytes[kAll].peak;
    figures.retries = stats.num_alloc_retries;
    figures.refusals = stats.num_ooms;
}

extern "C" [[gnu::visibility("default")]] void headroomCudaResetPeak(int device) {
    Caching::resetPeakStats(static_cast<c10::DeviceIndex>(device));
}

extern "C" [[gnu::visibility("default")]] void headroomCudaLimitMemory(int device, double share) {
    Caching::setMemoryFraction(share, static_cast<c10::DeviceIndex>(device));
}

extern "C" [[gnu::visibility("default")]] void headroomCudaEmptyCache() { Caching::emptyCache(); }

extern "C" [[gnu::visibility("default")]] void headroomCudaSynchronise(int device) {
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
    c10::cuda::device_synchronize();
}

extern "C" [[gnu::visibility("default")]] int headroomCudaDropout(const at::Tensor& x, const at::Tensor& y, const at::Tensor& samples,
                                        std::uint64_t key, std::uint32_t threshold, float factor) {
    const c10::cuda::CUDAGuard guard(x.device());
    const auto stream = c10::cuda::getCurrentCUDAStream(x.get_device());
    const std::int64_t perSample = x.numel() / std::max<std::int64_t>(1, samples.numel());
    return headroom::cuda::dropout(x.const_data_ptr(), y.mutable_data_ptr(), x.numel(), x.scalar_type() == at::kBFloat16,
                                   {perSample, samples.const_data_ptr<std::int64_t>(), key, threshold, factor},
                                   stream.stream());
}

extern "C" [[gnu::visibility("default")]] int headroomCudaUpdate(const at::Tensor& parameter, const headroom::cuda::BlockUpdate& what) {
    const c10::cuda::CUDAGuard guard(parameter.device());
    return headroom::cuda::update(what, c10::cuda::getCurrentCUDAStream(parameter.get_device()).stream());
}
