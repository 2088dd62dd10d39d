// SPDX-License-Identifier: Apache-2.0
#include "engine/cuda/fill.h"

#include <algorithm>

namespace headroom::cuda {

namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

__global__ void fillKernel(float* values, std::int64_t count, float value) {
    const std::int64_t stride = std::int64_t(gridDim.x) * blockDim.x;
    for (std::int64_t i = std::int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) values[i] = value;
}

}  // namespace

cudaError_t fill(float* values, std::int64_t count, float value, cudaStream_t stream) {
    if (count == 0) return cudaSuccess;
    const auto blocks = std::min(kMostBlocks, (count + kThreads - 1) / kThreads);
    fillKernel<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(values, count, value);
    return cudaGetLastError();
}

}  // namespace headroom::cuda
