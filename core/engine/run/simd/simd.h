// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

// Inner loops over plain memory. The same sources are compiled for several instruction sets; table() is the best one of
// this processor. Nothing here allocates, throws or starts a thread, and no inline function of other headers is used:
// the linker might take the variant for a newer processor.
namespace headroom::run::simd {

using Count = std::int64_t;
/// A bf16 number as its bits. The other element type is float.
using BFloat = std::uint16_t;

/// Where the mask of the ReLU behind a batch normalisation comes from in the backward.
enum class Mask { None, Input, Output };

/// What the backward of a batch normalisation needs of every channel.
struct BatchGradient {
    const float* mean;
    const float* a;   ///< the forward's factor and summand: y = relu(a * x + b), for Mask::Input
    const float* b;
    Mask mask;
    /// The gradient of x is gradientFactor * g + inputFactor * (x - mean) + offset, g the masked output gradient.
    const float* gradientFactor;
    const float* inputFactor;
    const float* offset;
};

/// One row of a pooled picture: `windows` windows side by side, channels-last, `channels` numbers a pixel.
struct PoolRow {
    Count channels, windows;
    Count inputWidth, inputHeight;
    Count kernelHeight, kernelWidth;
    Count top;                 ///< first input row of the windows; may lie outside
    Count left, stride;        ///< first input column of the first window, and from one to the next
    Count dilationHeight, dilationWidth;
};

/// One AdamW update: the bias corrections of its step are in the numbers.
struct AdamwUpdate {
    float keep;        ///< 1 - rate * decay
    float oneMinusBeta1, beta2, oneMinusBeta2;
    float rate;        ///< over 1 - beta1^step
    float correction;  ///< 1 / sqrt(1 - beta2^step)
    float epsilon;
};
struct SgdUpdate {
    float rate, momentum, decay;
    bool nesterov;
};
/// Which random numbers choose between two neighbours, in proportion to the distances: Philox under `key` for the elements from
/// `first` on (a multiple of 64) at the update `step`.
struct Draw {
    std::uint64_t first, step, key;
};
/// The two maps of 256 levels of 8-bit state (dynamic_map.h).
enum class Levels { Signed, Unsigned };

/// Loops of the optimizers over one block of numbers, in fp32.
struct UpdateLoops {
    void (*adamw)(float* value, const float* gradient, float* first, float* second, Count count, const AdamwUpdate& update);
    /// momentum may be null.
    void (*sgd)(float* value, const float* gradient, float* momentum, Count count, const SgdUpdate& update);
    /// The code of one of the two levels around every number over the largest magnitude, which is returned. An unsigned number
    /// above 0 never becomes 0. A NaN or infinity makes the block NaN when it is decoded.
    float (*encode)(const float* from, std::uint8_t* codes, Count count, Levels kind, const Draw& draw);
    void (*decode)(const std::uint8_t* codes, float scale, float* to, Count count, Levels kind);
    /// To one of the two neighbouring bf16 numbers. NaN stays NaN, infinity stays infinity.
    void (*roundStochastically)(const float* from, BFloat* to, Count count, const Draw& draw);
};

/// Element and row loops for one element type T (float, BFloat). Statistics and gradients of parameters are fp32.
template <class T>
struct Table {
    /// Per channel of x [rows, channels]: mean, and sum of the squared distances from it.
    void (*moments)(const T* x, Count rows, Count channels, float* mean, float* squares);
    /// y = a * x + b (+ summand), with ReLU if asked. summand may be null.
    void (*scaleShift)(const T* x, const T* summand, T* y, Count rows, Count channels, const float* a, const float* b,
                       bool relu);
    /// Per channel: sum of the masked gradient, and of its products with (x - mean). y is read for Mask::Output only.
    void (*batchSums)(const T* dy, const T* x, const T* y, Count rows, Count channels, const BatchGradient& what,
                      float* sums, float* products);
    /// dx as described at BatchGradient; dsummand (may be null) gets the masked gradient.
    void (*batchBackward)(const T* dy, const T* x, const T* y, T* dx, T* dsummand, Count rows, Count channels,
                          const BatchGradient& what);

    void (*gelu)(const T* x, T* y, Count count, bool tanhForm);
    void (*geluBackward)(const T* dy, const T* x, T* dx, Count count, bool tanhForm);

    /// mean and invstd get one number a row. shift may be null.
    void (*layerNorm)(const T* x, T* y, Count rows, Count width, const float* scale, const float* shift, float epsilon,
                      float* mean, float* invstd);
    /// dx, and the sums over the rows for scale and shift are added to dscale and dshift (may be null together).
    void (*layerNormBackward)(const T* dy, const T* x, T* dx, Count rows, Count width, const float* scale,
                              const float* mean, const float* invstd, float* dscale, float* dshift);

    /// y and index [windows, channels] of one row; input is the picture. The first of equal numbers wins, NaN always.
    void (*maxPool)(const T* input, T* y, std::uint8_t* index, const PoolRow& row);
    /// Adds dy to the places in dinput that won; dinput is zero before. Windows that overlap add up in T.
    void (*maxPoolBackward)(const T* dy, const std::uint8_t* index, T* dinput, const PoolRow& row);

    /// Loss of one row of logits in nats against (1 - smoothing) * onehot + smoothing / classes, and its logsumexp.
    double (*crossEntropy)(const T* logits, Count classes, Count target, float smoothing, float* logSumExp);
    /// (softmax - distribution) * factor.
    void (*crossEntropyBackward)(const T* logits, T* dlogits, Count classes, Count target, float smoothing,
                                 float logSumExp, float factor);

    /// softmax(scale * scores) over the first `visible` of `width` numbers, the rest 0; rounded to T, which is written to
    /// `probabilities` and, as float, back to `scores`.
    void (*softmax)(float* scores, T* probabilities, Count visible, Count width, float scale);
    /// scores' gradient in place of the probabilities' gradient `dp`: scale * p * (dp - sum(p dp)), 0 from visible on.
    void (*softmaxBackward)(const T* probabilities, float* dp, Count visible, Count width, float scale);

    /// Copies a matrix of `rows` rows of `width` numbers, `stride` apart, from T to packed float and back.
    void (*widen)(const T* from, Count stride, float* to, Count rows, Count width);
    void (*narrow)(const float* from, T* to, Count stride, Count rows, Count width);

    /// y = keep ? x * factor : 0 for `count` elements of one sample, keep decided by Philox under `key` from element
    /// `first` on: kept where the 32 random bits are at least `threshold`.
    void (*dropout)(const T* x, T* y, Count count, std::uint64_t first, std::uint64_t sample, std::uint64_t key,
                    std::uint32_t threshold, float factor);
    /// to += from, to in fp32.
    void (*accumulate)(const T* from, float* to, Count count);
    /// x *= factor.
    void (*scale)(T* x, Count count, float factor);
};

struct Tables {
    const char* name;  ///< of the instruction set
    Table<float> f32;
    Table<BFloat> bf16;
    UpdateLoops update;
};
/// The variant for this processor.
const Tables& tables();

template <class T>
const Table<T>& table();
template <>
inline const Table<float>& table<float>() { return tables().f32; }
template <>
inline const Table<BFloat>& table<BFloat>() { return tables().bf16; }

}  // namespace headroom::run::simd
