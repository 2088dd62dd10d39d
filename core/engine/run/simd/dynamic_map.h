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

/// A decade's levels: number `first` + k, counted from 0 upwards, is base + (k + 1/2) / scale for k from 0 to `last`.
struct Decade {
    float lowest;  ///< its lowest level
    float base, scale;
    float above;   ///< the gap between two of its levels as a share of the gap from its last level to the next decade's lowest
    std::int32_t first, last;
};

struct DynamicMap {
    Decade decades[kDecades];
    std::int32_t top;    ///< the number of the level 1, which follows the last decade
    std::int32_t zero;   ///< the code of the level 0
    float levels[256];   ///< by code
};

constexpr double levelOf(const Decade& decade, std::int32_t k) {
    return decade.base + (k + 0.5) / decade.scale;
}

constexpr DynamicMap dynamicMap(Levels kind) {
    DynamicMap map{};
    const bool isSigned = kind == Levels::Signed;
    map.zero = isSigned ? 127 : 0;
    double ten = 1e-6;
    std::int32_t first = 1, parts = isSigned ? 1 : 2;
    for (Decade& decade : map.decades) {
        decade.base = static_cast<float>(0.1 * ten);
        decade.scale = static_cast<float>(parts / (0.9 * ten));
        decade.first = first;
        decade.last = parts - 1;
        decade.lowest = static_cast<float>(levelOf(decade, 0));
        for (std::int32_t k = 0; k < parts; ++k) {
            map.levels[map.zero + first + k] = static_cast<float>(levelOf(decade, k));
            if (isSigned) map.levels[map.zero - first - k] = -map.levels[map.zero + first + k];
        }
        first += parts;
        parts *= 2;
        ten *= 10;
    }
    for (int d = 0; d < kDecades; ++d) {
        const double next = d + 1 < kDecades ? map.decades[d + 1].lowest : 1;
        map.decades[d].above = static_cast<float>(1 / (map.decades[d].scale * (next - levelOf(map.decades[d], map.decades[d].last))));
    }
    map.top = first;
    map.levels[map.zero + first] = 1;
    return map;
}

}  // namespace
}  // namespace headroom::run::simd
