// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/vector.h"

namespace headroom::run::simd {
namespace {

/// Sixteen channels of a block of rows: the mean, then the squared distances from it (two passes over the cache).
template <class T>
[[gnu::always_inline]] inline void momentsOf(const T* x, Count rows, Count channels, Count lanes, float* mean, float* squares) {
    Floats even{}, odd{};
    Count r = 0;
    for (; r + 2 <= rows; r += 2) {
        even += take(x + r * channels, lanes);
        odd += take(x + (r + 1) * channels, lanes);
    }
    if (r < rows) even += take(x + r * channels, lanes);
    const Floats centre = (even + odd) / static_cast<float>(rows);
    even = odd = Floats{};
    for (r = 0; r + 2 <= rows; r += 2) {
        const Floats a = take(x + r * channels, lanes) - centre;
        const Floats b = take(x + (r + 1) * channels, lanes) - centre;
        even += a * a;
        odd += b * b;
    }
    if (r < rows) {
        const Floats a = take(x + r * channels, lanes) - centre;
        even += a * a;
    }
    put(mean, centre, lanes);
    put(squares, even + odd, lanes);
}

template <class T>
void moments(const T* x, Count rows, Count channels, float* mean, float* squares) {
    overLanes(channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
        if (lanes == kLanes)
            momentsOf(x + c, rows, channels, kLanes, mean + c, squares + c);
        else
            momentsOf(x + c, rows, channels, lanes, mean + c, squares + c);
    });
}

/// The one formula of forward and mask: both must round alike.
[[gnu::always_inline]] inline Floats shifted(Floats x, Floats a, Floats b) { return x * a + b; }

template <class T>
[[gnu::always_inline]] inline void scaleShiftRow(const T* x, const T* summand, T* y, Count channels, const float* a, const float* b,
                                   bool relu) {
    overLanes(channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
        Floats v = shifted(take(x + c, lanes), take(a + c, lanes), take(b + c, lanes));
        if (summand) v += take(summand + c, lanes);
        if (relu) v = v < 0.0f ? Floats{} : v;  // NaN passes
        put(y + c, v, lanes);
    });
}

template <class T>
void scaleShift(const T* x, const T* summand, T* y, Count rows, Count channels, const float* a, const float* b,
                bool relu) {
    for (Count r = 0; r < rows; ++r)
        scaleShiftRow(x + r * channels, summand ? summand + r * channels : nullptr, y + r * channels, channels, a, b, relu);
}

/// The output gradient where the ReLU let through.
template <class T, Mask mask>
[[gnu::always_inline]] inline Floats masked(const T* dy, const T* y, Floats x, Count c, Count lanes, const BatchGradient& what) {
    const Floats g = take(dy, lanes);
    if constexpr (mask == Mask::None) return g;
    if constexpr (mask == Mask::Output) return take(y, lanes) > 0.0f ? g : Floats{};
    return shifted(x, take(what.a + c, lanes), take(what.b + c, lanes)) > 0.0f ? g : Floats{};
}

template <class T, Mask mask>
[[gnu::always_inline]] inline void batchSumsOf(const T* dy, const T* x, const T* y, Count rows, Count channels, Count c, Count lanes,
                                 const BatchGradient& what, float* sums, float* products) {
    const Floats mean = take(what.mean + c, lanes);
    Floats sum{}, product{};
    for (Count r = 0; r < rows; ++r) {
        const Count at = r * channels + c;
        const Floats v = take(x + at, lanes);
        const Floats g = masked<T, mask>(dy + at, y + at, v, c, lanes, what);
        sum += g;
        product += g * (v - mean);
    }
    put(sums + c, sum, lanes);
    put(products + c, product, lanes);
}

template <class T, Mask mask>
void batchSumsMasked(const T* dy, const T* x, const T* y, Count rows, Count channels, const BatchGradient& what,
                     float* sums, float* products) {
    overLanes(channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
        if (lanes == kLanes)
            batchSumsOf<T, mask>(dy, x, y, rows, channels, c, kLanes, what, sums, products);
        else
            batchSumsOf<T, mask>(dy, x, y, rows, channels, c, lanes, what, sums, products);
    });
}

template <class T>
void batchSums(const T* dy, const T* x, const T* y, Count rows, Count channels, const BatchGradient& what, float* sums,
               float* products) {
    const auto function = what.mask == Mask::None    ? batchSumsMasked<T, Mask::None>
                          : what.mask == Mask::Input ? batchSumsMasked<T, Mask::Input>
                                                     : batchSumsMasked<T, Mask::Output>;
    function(dy, x, y, rows, channels, what, sums, products);
}

template <class T, Mask mask>
void batchBackwardMasked(const T* dy, const T* x, const T* y, T* dx, T* dsummand, Count rows, Count channels,
                         const BatchGradient& what) {
    for (Count r = 0; r < rows; ++r)
        overLanes(channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
            const Count at = r * channels + c;
            const Floats v = take(x + at, lanes);
            const Floats g = masked<T, mask>(dy + at, y + at, v, c, lanes, what);
            if (dsummand) put(dsummand + at, g, lanes);
            if (!dx) return;
            const Floats distance = v - take(what.mean + c, lanes);
            put(dx + at,
                take(what.gradientFactor + c, lanes) * g + take(what.inputFactor + c, lanes) * distance +
                    take(what.offset + c, lanes),
                lanes);
        });
}

template <class T>
void batchBackward(const T* dy, const T* x, const T* y, T* dx, T* dsummand, Count rows, Count channels,
                   const BatchGradient& what) {
    const auto function = what.mask == Mask::None    ? batchBackwardMasked<T, Mask::None>
                          : what.mask == Mask::Input ? batchBackwardMasked<T, Mask::Input>
                                                     : batchBackwardMasked<T, Mask::Output>;
    function(dy, x, y, dx, dsummand, rows, channels, what);
}

}  // namespace
}  // namespace headroom::run::simd
