// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/simd.h"

// Dynamic tree quantisation (Dettmers, "8-bit approximations for parallelism in deep learning", arXiv 1511.04561; by blocks:
// Dettmers et al., "8-bit optimizers via block-wise quantization", arXiv 2110.02861): 256 levels in seven decades below 1,
// twice as many in each decade as in the one below, as the middles of equal parts of [0.1, 1) of the decade.
// Signed: 127 negative levels, 0, 127 positive ones, 1. Unsigned: 0, 254 levels, 1. Codes rise with their levels.
namespace headroom::run::simd {
namespace {

constexpr int kDecades = 7;

/// A decade's levels: number `first` + k, counted from 0 upwards, is base + (k + 1/2) / scale.
struct Decade {
    float threshold;  ///< the middle between its lowest level and the level below
    float base, scale;
    std::int32_t first, last;
};

struct DynamicMap {
    Decade decades[kDecades];
    float threshold;     ///< the middle between 1 and the level below
    std::int32_t top;    ///< the number of the level 1
    std::int32_t zero;   ///< the code of the level 0
    float levels[256];   ///< by code
};

constexpr double levelOf(const Decade& decade, std::int32_t number) {
    return decade.base + (number - decade.first + 0.5) / decade.scale;
}

constexpr DynamicMap dynamicMap(Levels kind) {
    DynamicMap map{};
    const bool isSigned = kind == Levels::Signed;
    map.zero = isSigned ? 127 : 0;
    double ten = 1e-6, below = 0;
    std::int32_t first = 1, parts = isSigned ? 1 : 2;
    for (Decade& decade : map.decades) {
        decade.base = static_cast<float>(0.1 * ten);
        decade.scale = static_cast<float>(parts / (0.9 * ten));
        decade.first = first;
        decade.last = first + parts - 1;
        decade.threshold = static_cast<float>((below + levelOf(decade, first)) / 2);
        for (std::int32_t k = first; k <= decade.last; ++k) {
            map.levels[map.zero + k] = static_cast<float>(levelOf(decade, k));
            if (isSigned) map.levels[map.zero - k] = -map.levels[map.zero + k];
        }
        below = levelOf(decade, decade.last);
        first += parts;
        parts *= 2;
        ten *= 10;
    }
    map.threshold = static_cast<float>((below + 1) / 2);
    map.top = first;
    map.levels[map.zero + first] = 1;
    return map;
}

}  // namespace
}  // namespace headroom::run::simd
