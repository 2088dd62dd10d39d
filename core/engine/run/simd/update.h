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

/// body(i, lanes, random) for each group of lanes, with 32 random bits for each of its elements.
template <class Body>
[[gnu::always_inline]] inline void overRandomLanes(Count count, const Draw& draw, Body&& body) {
    for (Count i = 0; i < count; i += 64) {
        Words random[4];
        philox(random, (draw.first + static_cast<std::uint64_t>(i)) / 64, draw.step, draw.key);
        for (Count word = 0; word < 4 && i + word * kLanes < count; ++word) {
            const Count at = i + word * kLanes;
            body(at, count - at < kLanes ? count - at : kLanes, random[word]);
        }
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

/// Number of one of the two levels around x in [0, 1], in proportion to the distances.
template <Levels kind>
[[gnu::always_inline]] inline Ints levelAtRandom(Floats x, Words random) {
    const DynamicMap& map = kind == Levels::Signed ? kSignedMap : kUnsignedMap;
    Floats base = fill(map.decades[0].base), scale = fill(map.decades[0].scale), above = fill(map.decades[0].above);
    Ints first = Ints{} + map.decades[0].first, last = Ints{} + map.decades[0].last;
    for (int d = 1; d < kDecades; ++d) {
        const Decade& decade = map.decades[d];
        const Ints reached = x >= decade.lowest;
        base = reached ? fill(decade.base) : base;
        scale = reached ? fill(decade.scale) : scale;
        above = reached ? fill(decade.above) : above;
        first = reached ? Ints{} + decade.first : first;
        last = reached ? Ints{} + decade.last : last;
    }
    const Floats place = (x - base) * scale - 0.5f;
    Ints k = __builtin_convertvector(place, Ints);
    k = k < last ? k : last;
    Floats share = place - __builtin_convertvector(k, Floats);
    share = k == last ? share * above : share;
    // Below the lowest level the place is negative: that is taken. A second moment that is not 0 stays so, else its first moment
    // would be divided by epsilon alone.
    if constexpr (kind == Levels::Signed) {
        const Ints isLow = x < map.decades[0].lowest;
        first = isLow ? Ints{} : first;
        share = isLow ? x * (1 / map.decades[0].lowest) : share;
    }
    const Floats coin = __builtin_convertvector((Ints)(random >> 8), Floats) * 0x1p-24f;
    Ints number = first + k - (coin < share);  // true is -1
    number = x >= 1.0f ? Ints{} + map.top : number;
    return x > 0.0f ? number : Ints{};
}

template <Levels kind>
float encodeAs(const float* from, std::uint8_t* codes, Count count, const Draw& draw) {
    const float scale = largestMagnitude(from, count);
    const float divisor = scale > 0 ? scale : 1;
    overRandomLanes(count, draw, [&](Count i, Count lanes, Words random) __attribute__((always_inline)) {
        const Floats x = take(from + i, lanes) / divisor;
        Ints code = levelAtRandom<kind>(x < 0.0f ? -x : x, random);
        if constexpr (kind == Levels::Signed) {
            const Ints down = code < kSignedMap.zero ? code : Ints{} + kSignedMap.zero;  // there is no level -1
            code = x < 0.0f ? kSignedMap.zero - down : kSignedMap.zero + code;
        }
        const Octets narrow = __builtin_convertvector(code, Octets);
        __builtin_memcpy(codes + i, &narrow, static_cast<unsigned long>(lanes));
    });
    return scale;
}

float encode(const float* from, std::uint8_t* codes, Count count, Levels kind, const Draw& draw) {
    return kind == Levels::Signed ? encodeAs<Levels::Signed>(from, codes, count, draw)
                                  : encodeAs<Levels::Unsigned>(from, codes, count, draw);
}

void decode(const std::uint8_t* codes, float scale, float* __restrict to, Count count, Levels kind) {
    const float* levels = kind == Levels::Signed ? kSignedMap.levels : kUnsignedMap.levels;
    for (Count i = 0; i < count; ++i) to[i] = levels[codes[i]] * scale;
}

/// Up with the share of the way that lies behind: the low half plus sixteen random bits, cut off. NaN stays NaN.
void roundStochastically(const float* from, BFloat* to, Count count, const Draw& draw) {
    overRandomLanes(count, draw, [&](Count i, Count lanes, Words random) __attribute__((always_inline)) {
        const Floats v = take(from + i, lanes);
        const Words bits = (Words)v;
        const Words chosen = v == v ? bits + (random >> 16) : (bits | 0x400000u);
        const Halves half = __builtin_convertvector(chosen >> 16, Halves);
        __builtin_memcpy(to + i, &half, static_cast<unsigned long>(lanes) * sizeof(BFloat));
    });
}

}  // namespace
}  // namespace headroom::run::simd
