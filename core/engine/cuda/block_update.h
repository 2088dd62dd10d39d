// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "engine/run/simd/simd.h"

namespace headroom::cuda {

/// One moment of a parameter in device memory; its numbers and blocks are those of engine/train/moment.h.
struct MomentMemory {
    void* numbers = nullptr;  ///< nullptr: there is none
    int bits = 32;            ///< a number: 32 (fp32), 16 (bf16), 8 (codes)
    float* scales = nullptr;  ///< of 8 bits
    run::simd::Levels kind = run::simd::Levels::Signed;
    std::uint64_t key = 0;  ///< of its random roundings
};

/// One update of one parameter, as engine/train/compact_optimizer.h does it on the CPU.
struct BlockUpdate {
    void* value = nullptr;
    const void* gradient = nullptr;
    bool valueIsBf16 = false, gradientIsBf16 = false;
    std::int64_t count = 0;
    MomentMemory moments[2];
    bool isAdamw = true;
    run::simd::AdamwUpdate adamw{};
    run::simd::SgdUpdate sgd{};
    std::uint64_t step = 0;
    std::uint64_t key = 0;  ///< of the weights' random roundings
};

}  // namespace headroom::cuda
