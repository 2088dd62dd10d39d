// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/dynamic_map.h"
#include "engine/run/simd/elementwise.h"

namespace headroom::run::simd {
namespace {

constexpr DynamicMap kSignedMap = dynamicMap(Levels::Signed);
constexpr DynamicMap kUnsignedMap = dynamicMap(Levels::Unsigned);

void adamw(float* __restrict value, const float* __restrict gradient, float* __restrict first, float* __restrict second, Count count,
           const AdamwUpdate& update) {
    const AdamwUpdate u = update;
    for (Count i = 0; i < count; ++i) {
        const float g = gradient[i];
        const float m = first[i] + u.oneMinusBeta1 * (g - first[i]);
        const float v = u.beta2 * second[i] + u.oneMinusBeta2 * (g * g);
        first[i] = m;
        second[i] = v;
        value[i] = u.keep * value[i] - u.rate * m / (__builtin_sqrtf(v) * u.correction + u.epsilon);
    }
}

void sgd(float* __restrict value, const float* __restrict gradient, float* __restrict momentum, Count count, const SgdUpdate& update) {
    const SgdUpdate u = update;
    for (Count i = 0; i < count; ++i) {
        const float g = gradient[i] + u.decay * value[i];
        float direction = g;
        if (momentum) {
            const float kept = u.momentum * momentum[i] + g;
            momentum[i] = kept;
            direction = u.nesterov ? g + u.momentum * kept : kept;
        }
        value[i] -= u.rate * direction;
    }
}

/// The largest magnitude; NaN where there is one, so that a broken block stays visible.
[[gnu::always_inline]] inline float largestMagnitude(const float* from, Count count) {
    Floats best{};
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) {
        const Floats v = take(from + i, lanes);
        const Floats magnitude = v < 0.0f ? -v : v;
        best = (magnitude > best) | (magnitude != magnitude) ? magnitude : best;
    });
    float largest = 0;
    for (Count i = 0; i < kLanes; ++i) largest = best[i] > largest || best[i] != best[i] ? best[i] : largest;
    return largest;
}

/// Number of the level nearest to x in [0, 1].
template <Levels kind>
[[gnu::always_inline]] inline Ints nearestLevel(Floats x) {
    const DynamicMap& map = kind == Levels::Signed ? kSignedMap : kUnsignedMap;
    Floats base = fill(map.decades[0].base), scale = fill(map.decades[0].scale);
    Ints first = Ints{} + map.decades[0].first, last = Ints{} + map.decades[0].last;
    for (int d = 1; d < kDecades; ++d) {
        const Decade& decade = map.decades[d];
        const Ints reached = x >= decade.threshold;
        base = reached ? fill(decade.base) : base;
        scale = reached ? fill(decade.scale) : scale;
        first = reached ? Ints{} + decade.first : first;
        last = reached ? Ints{} + decade.last : last;
    }
    Ints number = first + __builtin_convertvector((x - base) * scale, Ints);
    number = number < last ? number : last;
    number = x >= map.threshold ? Ints{} + map.top : number;
    // A second moment that is not 0 stays so: else its first moment would be divided by epsilon alone.
    const Ints counts = kind == Levels::Signed ? x >= map.decades[0].threshold : x > 0.0f;
    return counts ? number : Ints{};
}

template <Levels kind>
float encodeAs(const float* from, std::uint8_t* codes, Count count) {
    const float scale = largestMagnitude(from, count);
    const float divisor = scale > 0 ? scale : 1;
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) {
        const Floats x = take(from + i, lanes) / divisor;
        Ints code = nearestLevel<kind>(x < 0.0f ? -x : x);
        if constexpr (kind == Levels::Signed) {
            const Ints down = code < kSignedMap.zero ? code : Ints{} + kSignedMap.zero;  // there is no level -1
            code = x < 0.0f ? kSignedMap.zero - down : kSignedMap.zero + code;
        }
        const Octets narrow = __builtin_convertvector(code, Octets);
        __builtin_memcpy(codes + i, &narrow, static_cast<unsigned long>(lanes));
    });
    return scale;
}

float encode(const float* from, std::uint8_t* codes, Count count, Levels kind) {
    return kind == Levels::Signed ? encodeAs<Levels::Signed>(from, codes, count) : encodeAs<Levels::Unsigned>(from, codes, count);
}

void decode(const std::uint8_t* codes, float scale, float* __restrict to, Count count, Levels kind) {
    const float* levels = kind == Levels::Signed ? kSignedMap.levels : kUnsignedMap.levels;
    for (Count i = 0; i < count; ++i) to[i] = levels[codes[i]] * scale;
}

/// Up with the share of the way that lies behind: the low half plus sixteen random bits, cut off. NaN stays NaN.
void roundStochastically(const float* from, BFloat* to, Count count, std::uint64_t first, std::uint64_t step, std::uint64_t key) {
    for (Count i = 0; i < count; i += 64) {
        Words random[4];
        philox(random, (first + static_cast<std::uint64_t>(i)) / 64, step, key);
        for (Count word = 0; word < 4 && i + word * kLanes < count; ++word) {
            const Count at = i + word * kLanes;
            const Count lanes = count - at < kLanes ? count - at : kLanes;
            const Floats v = take(from + at, lanes);
            const Words bits = (Words)v;
            const Words chosen = v == v ? bits + (random[word] >> 16) : (bits | 0x400000u);
            const Halves half = __builtin_convertvector(chosen >> 16, Halves);
            __builtin_memcpy(to + at, &half, static_cast<unsigned long>(lanes) * sizeof(BFloat));
        }
    }
}

}  // namespace
}  // namespace headroom::run::simd
