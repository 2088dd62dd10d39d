// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace headroom::cuda {

/// What decides a dropout mask; the same function as on the CPU (run/simd/elementwise.h).
struct DropoutMask {
    std::int64_t perSample;       ///< elements of one sample
    const std::int64_t* samples;  ///< device memory: identity of every sample
    std::uint64_t key;
    std::uint32_t threshold;
    float factor;
};

/// y = keep ? x * factor : 0 over `count` elements, on `stream`. x and y hold float, or bf16 where `bf16` is set.
cudaError_t dropout(const void* x, void* y, std::int64_t count, bool bf16, const DropoutMask& mask, cudaStream_t stream);

}  // namespace headroom::cuda
