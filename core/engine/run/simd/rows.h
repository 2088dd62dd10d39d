// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/vector.h"

namespace headroom::run::simd {
namespace {

template <class T>
[[gnu::always_inline]] inline Floats takeOr(const T* from, Count lanes, float rest) {
    Floats v = take(from, lanes);
    for (Count i = lanes; i < kLanes; ++i) v[i] = rest;
    return v;
}

template <class T>
float rowSum(const T* x, Count width) {
    Floats total{};
    overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) { total += take(x + i, lanes); });
    return sum(total);
}

template <class T>
float rowSquares(const T* x, Count width, float mean) {
    Floats total{};
    overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
        const Floats v = takeOr(x + i, lanes, mean) - mean;
        total += v * v;
    });
    return sum(total);
}

template <class T>
void layerNorm(const T* x, T* y, Count rows, Count width, const float* scale, const float* shift, float epsilon,
               float* mean, float* invstd) {
    for (Count r = 0; r < rows; ++r, x += width, y += width) {
        mean[r] = rowSum(x, width) / static_cast<float>(width);
        invstd[r] = 1.0f / __builtin_sqrtf(rowSquares(x, width, mean[r]) / static_cast<float>(width) + epsilon);
        overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
            Floats v = (take(x + i, lanes) - mean[r]) * invstd[r] * take(scale + i, lanes);
            if (shift) v += take(shift + i, lanes);
            put(y + i, v, lanes);
        });
    }
}

/// dx = invstd * (h - mean(h) - xhat * mean(h * xhat)), h = dy * scale.
template <class T>
void layerNormBackward(const T* dy, const T* x, T* dx, Count rows, Count width, const float* scale, const float* mean,
                       const float* invstd, float* dscale, float* dshift) {
    for (Count r = 0; r < rows; ++r) {
        const T* gradient = dy + r * width;
        const T* input = x + r * width;
        Floats plain{}, product{};
        overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
            const Floats g = take(gradient + i, lanes);
            const Floats hat = (take(input + i, lanes) - mean[r]) * invstd[r];
            const Floats h = g * take(scale + i, lanes);
            plain += h;
            product += h * hat;
            if (!dscale) return;
            put(dscale + i, take(dscale + i, lanes) + g * hat, lanes);
            put(dshift + i, take(dshift + i, lanes) + g, lanes);
        });
        if (!dx) continue;
        const float meanPlain = sum(plain) / static_cast<float>(width);
        const float meanProduct = sum(product) / static_cast<float>(width);
        overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
            const Floats hat = (take(input + i, lanes) - mean[r]) * invstd[r];
            const Floats h = take(gradient + i, lanes) * take(scale + i, lanes);
            put(dx + r * width + i, invstd[r] * (h - meanPlain - hat * meanProduct), lanes);
        });
    }
}

template <class T>
float rowLargest(const T* x, Count width) {
    constexpr float kLowest = -3.4028235e38f;
    Floats best = fill(kLowest);
    overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
        best = largest(takeOr(x + i, lanes, kLowest), best);
    });
    return largestOf(best);
}

/// logsumexp - (1 - smoothing) * logit of the target - smoothing * mean of the logits.
template <class T>
double crossEntropy(const T* logits, Count classes, Count target, float smoothing, float* logSumExp) {
    const float top = rowLargest(logits, classes);
    Floats total{}, plain{};
    overLanes(classes, [&](Count i, Count lanes) __attribute__((always_inline)) {
        const Floats v = takeOr(logits + i, lanes, top);
        Floats e = exponential(v - top);
        for (Count k = lanes; k < kLanes; ++k) e[k] = 0;
        total += e;
        plain += v - top;
    });
    const double log = __builtin_log(static_cast<double>(sum(total)));
    *logSumExp = static_cast<float>(top + log);
    const Floats wanted = take(logits + target, 1);
    const double mean = static_cast<double>(sum(plain)) / static_cast<double>(classes);
    return log - (1.0 - smoothing) * (wanted[0] - top) - smoothing * mean;
}

template <class T>
void crossEntropyBackward(const T* logits, T* dlogits, Count classes, Count target, float smoothing, float logSumExp,
                          float factor) {
    const float share = smoothing / static_cast<float>(classes);
    overLanes(classes, [&](Count i, Count lanes) __attribute__((always_inline)) {
        Floats v = exponential(take(logits + i, lanes) - logSumExp) - share;
        if (target >= i && target < i + lanes) v[target - i] -= 1.0f - smoothing;
        put(dlogits + i, v * factor, lanes);
    });
}

template <class T>
void softmax(float* scores, T* probabilities, Count visible, Count width, float scale) {
    const float top = rowLargest(scores, visible);
    Floats total{};
    overLanes(visible, [&](Count i, Count lanes) __attribute__((always_inline)) {
        Floats e = exponential((takeOr(scores + i, lanes, top) - top) * scale);
        for (Count k = lanes; k < kLanes; ++k) e[k] = 0;
        total += e;
        put(scores + i, e, lanes);
    });
    const float factor = 1.0f / sum(total);
    overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
        Floats p{};
        if (i < visible) {
            const Count seen = visible - i < lanes ? visible - i : lanes;
            p = take(scores + i, seen) * factor;
        }
        put(probabilities + i, p, lanes);
        put(scores + i, take(probabilities + i, lanes), lanes);
    });
}

template <class T>
void softmaxBackward(const T* probabilities, float* dp, Count visible, Count width, float scale) {
    Floats total{};
    overLanes(visible, [&](Count i, Count lanes) __attribute__((always_inline)) {
        total += take(probabilities + i, lanes) * take(dp + i, lanes);
    });
    const float dot = sum(total);
    overLanes(width, [&](Count i, Count lanes) __attribute__((always_inline)) {
        // From `visible` on the probabilities are 0, and with them the gradient.
        put(dp + i, take(probabilities + i, lanes) * (take(dp + i, lanes) - dot) * scale, lanes);
    });
}

}  // namespace
}  // namespace headroom::run::simd
