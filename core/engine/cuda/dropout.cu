// SPDX-License-Identifier: Apache-2.0
#include "engine/cuda/dropout.h"

#include <cuda_bf16.h>

#include <algorithm>

#include "engine/cuda/philox.cuh"

namespace headroom::cuda {

namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 8192;

template <class T>
__global__ void dropoutKernel(const T* x, T* y, std::int64_t count, DropoutMask mask) {
    const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
    for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
        const std::uint64_t sample = std::uint64_t(mask.samples[i / mask.perSample]);
        const bool keep = bitsOf(std::uint64_t(i % mask.perSample), sample, mask.key) >= mask.threshold;
        y[i] = keep ? T(float(x[i]) * mask.factor) : T(0.0f);
    }
}

}  // namespace

cudaError_t dropout(const void* x, void* y, std::int64_t count, bool bf16, const DropoutMask& mask, cudaStream_t stream) {
    if (count == 0) return cudaSuccess;
    const auto blocks = static_cast<unsigned>(std::min(kMostBlocks, (count + kThreads - 1) / kThreads));
    if (bf16)
        dropoutKernel<<<blocks, kThreads, 0, stream>>>(static_cast<const __nv_bfloat16*>(x), static_cast<__nv_bfloat16*>(y), count, mask);
    else
        dropoutKernel<<<blocks, kThreads, 0, stream>>>(static_cast<const float*>(x), static_cast<float*>(y), count, mask);
    return cudaGetLastError();
}

}  // namespace headroom::cuda
