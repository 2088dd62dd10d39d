// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/vector.h"

namespace headroom::run::simd {
namespace {

constexpr float kRootHalf = 0.70710678f;         // 1 / sqrt(2)
constexpr float kGaussFactor = 0.39894228f;      // 1 / sqrt(2 pi)
constexpr float kTanhFactor = 0.79788456f;       // sqrt(2 / pi)
constexpr float kTanhCubic = 0.044715f;

[[gnu::always_inline]] inline Floats geluOf(Floats x, bool tanhForm) {
    if (tanhForm) return 0.5f * x * (1.0f + hyperbolicTangent(kTanhFactor * (x + kTanhCubic * x * x * x)));
    const Floats z = x * kRootHalf;
    return 0.5f * x * (1.0f + errorFunction(z, exponential(-z * z)));
}

/// Phi(x) + x phi(x), or the derivative of the tanh form.
[[gnu::always_inline]] inline Floats geluSlope(Floats x, bool tanhForm) {
    if (tanhForm) {
        const Floats t = hyperbolicTangent(kTanhFactor * (x + kTanhCubic * x * x * x));
        const Floats inner = kTanhFactor * (1.0f + 3.0f * kTanhCubic * x * x);
        return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner;
    }
    const Floats z = x * kRootHalf;
    const Floats gauss = exponential(-z * z);
    return 0.5f * (1.0f + errorFunction(z, gauss)) + x * kGaussFactor * gauss;
}

template <class T>
void gelu(const T* x, T* y, Count count, bool tanhForm) {
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) {
        put(y + i, geluOf(take(x + i, lanes), tanhForm), lanes);
    });
}

template <class T>
void geluBackward(const T* dy, const T* x, T* dx, Count count, bool tanhForm) {
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) {
        put(dx + i, take(dy + i, lanes) * geluSlope(take(x + i, lanes), tanhForm), lanes);
    });
}

typedef std::uint64_t Doubles __attribute__((vector_size(128)));

/// One round of Philox4x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) on sixteen counters.
[[gnu::always_inline]] inline void philoxRound(Words (&c)[4], std::uint32_t key0, std::uint32_t key1) {
    const Doubles a = __builtin_convertvector(c[0], Doubles) * std::uint64_t{0xD2511F53};
    const Doubles b = __builtin_convertvector(c[2], Doubles) * std::uint64_t{0xCD9E8D57};
    const Words high0 = __builtin_convertvector(a >> 32, Words), low0 = __builtin_convertvector(a, Words);
    const Words high1 = __builtin_convertvector(b >> 32, Words), low1 = __builtin_convertvector(b, Words);
    const Words first = high1 ^ c[1] ^ key0;
    const Words third = high0 ^ c[3] ^ key1;
    c[0] = first;
    c[1] = low1;
    c[2] = third;
    c[3] = low0;
}

/// Random bits of the 64 elements from 64 * group on: element e takes word (e % 64) / 16 of counter 16 * group + e % 16.
[[gnu::always_inline]] inline void philox(Words (&c)[4], std::uint64_t group, std::uint64_t sample, std::uint64_t key) {
    const Words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const std::uint64_t first = group * 16;
    c[0] = lane + static_cast<std::uint32_t>(first);
    c[1] = Words{} + static_cast<std::uint32_t>(first >> 32);
    c[2] = Words{} + static_cast<std::uint32_t>(sample);
    c[3] = Words{} + static_cast<std::uint32_t>(sample >> 32);
    auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        philoxRound(c, key0, key1);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

/// `first` is a multiple of 64.
template <class T>
void dropout(const T* x, T* y, Count count, std::uint64_t first, std::uint64_t sample, std::uint64_t key,
             std::uint32_t threshold, float factor) {
    for (Count i = 0; i < count; i += 64) {
        Words bits[4];
        philox(bits, (first + static_cast<std::uint64_t>(i)) / 64, sample, key);
        const Count here = count - i < 64 ? count - i : 64;
        for (Count word = 0; word * kLanes < here; ++word) {
            const Count at = i + word * kLanes;
            const Count lanes = count - at < kLanes ? count - at : kLanes;
            const Floats kept = take(x + at, lanes) * factor;
            put(y + at, bits[word] >= threshold ? kept : Floats{}, lanes);
        }
    }
}

template <class T>
void accumulate(const T* from, float* to, Count count) {
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) {
        put(to + i, take(to + i, lanes) + take(from + i, lanes), lanes);
    });
}

template <class T>
void scale(T* x, Count count, float factor) {
    overLanes(count, [&](Count i, Count lanes) __attribute__((always_inline)) { put(x + i, take(x + i, lanes) * factor, lanes); });
}

template <class T>
void widen(const T* from, Count stride, float* to, Count rows, Count width) {
    for (Count r = 0; r < rows; ++r)
        overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
            put(to + r * width + i, take(from + r * stride + i, lanes), lanes);
        });
}

template <class T>
void narrow(const float* from, T* to, Count stride, Count rows, Count width) {
    for (Count r = 0; r < rows; ++r)
        overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
            put(to + r * stride + i, take(from + r * width + i, lanes), lanes);
        });
}

}  // namespace
}  // namespace headroom::run::simd
