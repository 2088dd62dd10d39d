// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace at {
class Tensor;
}

// What the CUDA module exports, by name. Both sides include this; run/device.cpp looks the functions up.
namespace headroom::cuda {

/// Bytes of one device: of the driver, and of LibTorch's caching allocator in this process.
struct MemoryFigures {
    std::int64_t total = 0, free = 0;
    std::int64_t reserved = 0, allocated = 0, peakAllocated = 0;
    std::int64_t retries = 0, refusals = 0;  ///< allocations that first gave cached memory back; that failed
};

using DeviceCount = int();
using MemoryOf = void(int device, MemoryFigures&);
using ResetPeak = void(int device);
/// Share of the device's memory that this process may take.
using LimitMemory = void(int device, double share);
using EmptyCache = void();
using Synchronise = void(int device);
/// `samples` on x's device, perSample elements each, in the order of memory. Returns a cudaError_t, 0 for success.
using Dropout = int(const at::Tensor& x, const at::Tensor& y, const at::Tensor& samples, std::uint64_t key,
                    std::uint32_t threshold, float factor);
struct BlockUpdate;
/// One optimizer update of one parameter (block_update.h), whose pointers lie on its device. Returns a cudaError_t.
using Update = int(const at::Tensor& parameter, const BlockUpdate& what);

}  // namespace headroom::cuda
