// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/simd.h"

// Sixteen numbers at a time, in whatever registers the instruction set of the file that includes this has.
namespace headroom::run::simd {
namespace {

typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Ints __attribute__((vector_size(64)));
typedef std::uint32_t Words __attribute__((vector_size(64)));
typedef std::uint16_t Halves __attribute__((vector_size(32)));
typedef std::uint8_t Octets __attribute__((vector_size(16)));
constexpr Count kLanes = 16;

[[gnu::always_inline]] inline Floats fill(float value) { return Floats{} + value; }

[[gnu::always_inline]] inline Floats load(const float* from) {
    Floats v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
[[gnu::always_inline]] inline Floats load(const BFloat* from) {
    Halves half;
    __builtin_memcpy(&half, from, sizeof half);
    return (Floats)(__builtin_convertvector(half, Words) << 16);
}
[[gnu::always_inline]] inline void store(float* to, Floats v) { __builtin_memcpy(to, &v, sizeof v); }
/// Rounds to the nearest bf16, ties to even; NaN stays NaN.
[[gnu::always_inline]] inline Halves rounded(Floats v) {
    const Words bits = (Words)v;
    const Words up = bits + (0x7fffu + ((bits >> 16) & 1u));
    const Words chosen = v == v ? up : (bits | 0x400000u);
    return __builtin_convertvector(chosen >> 16, Halves);
}
[[gnu::always_inline]] inline void store(BFloat* to, Floats v) {
    const Halves half = rounded(v);
    __builtin_memcpy(to, &half, sizeof half);
}

/// The first `count` of sixteen; the others are 0.
template <class T>
[[gnu::always_inline]] inline Floats loadPart(const T* from, Count count) {
    T lanes[kLanes] = {};
    for (Count i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
}
template <class T>
[[gnu::always_inline]] inline void storePart(T* to, Floats v, Count count) {
    T lanes[kLanes];
    store(lanes, v);
    for (Count i = 0; i < count; ++i) to[i] = lanes[i];
}

[[gnu::always_inline]] inline Floats largest(Floats a, Floats b) { return a > b ? a : b; }
[[gnu::always_inline]] inline Floats smallest(Floats a, Floats b) { return a < b ? a : b; }

/// In a fixed order, whatever the registers.
[[gnu::always_inline]] inline float sum(Floats v) {
    float total = 0;
    for (Count i = 0; i < kLanes; ++i) total += v[i];
    return total;
}
[[gnu::always_inline]] inline float largestOf(Floats v) {
    float best = v[0];
    for (Count i = 1; i < kLanes; ++i) best = v[i] > best ? v[i] : best;
    return best;
}

/// e^x to about one unit in the last place: 2^n times a polynomial of degree 6 on [-ln2/2, ln2/2].
[[gnu::always_inline]] inline Floats exponential(Floats x) {
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits
    const Floats bounded = smallest(largest(x, fill(-87.3f)), fill(88.3f));
    const Floats shifted = bounded * 1.44269504f + kRound;
    const Floats n = shifted - kRound;
    const Floats r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
    Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const Ints exponent = ((Ints)shifted - 0x4B400000 + 127) << 23;
    const Floats result = p * (Floats)exponent;
    return x < fill(-87.3f) ? fill(0) : (x == x ? result : x);
}

/// 1 - 2 / (e^2x + 1), exact signs at both ends.
[[gnu::always_inline]] inline Floats hyperbolicTangent(Floats x) { return 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f); }

/// Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. `gauss` is e^(-x^2).
[[gnu::always_inline]] inline Floats errorFunction(Floats x, Floats gauss) {
    const Floats magnitude = x < 0.0f ? -x : x;
    const Floats t = 1.0f / (1.0f + 0.3275911f * magnitude);
    Floats p = t * 1.061405429f - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const Floats positive = 1.0f - p * t * gauss;
    return x < 0.0f ? -positive : positive;
}

/// Calls body(offset, load, store) for whole vectors and once for the rest of `count` numbers.
template <class Body>
[[gnu::always_inline]] inline void overLanes(Count count, Body body) {
    Count i = 0;
    for (; i + kLanes <= count; i += kLanes) body(i, kLanes);
    if (i < count) body(i, count - i);
}
template <class T>
[[gnu::always_inline]] inline Floats take(const T* from, Count count) {
    return count == kLanes ? load(from) : loadPart(from, count);
}
template <class T>
[[gnu::always_inline]] inline void put(T* to, Floats v, Count count) {
    count == kLanes ? store(to, v) : storePart(to, v, count);
}

}  // namespace
}  // namespace headroom::run::simd
