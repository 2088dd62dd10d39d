// SPDX-License-Identifier: Apache-2.0
// Compiled once for every instruction set; the build defines HEADROOM_VARIANT as its name, and the name as text.
#include "engine/run/simd/batch_norm.h"
#include "engine/run/simd/elementwise.h"
#include "engine/run/simd/pooling.h"
#include "engine/run/simd/rows.h"
#include "engine/run/simd/update.h"

namespace headroom::run::simd {
namespace {

template <class T>
constexpr Table<T> kTable{moments<T>,   scaleShift<T>,   batchSums<T>,       batchBackward<T>,
                          gelu<T>,      geluBackward<T>, layerNorm<T>,       layerNormBackward<T>,
                          maxPool<T>,   maxPoolBackward<T>, crossEntropy<T>, crossEntropyBackward<T>,
                          softmax<T>,   softmaxBackward<T>, widen<T>,        narrow<T>,
                          dropout<T>,   accumulate<T>,   scale<T>};

}  // namespace

extern const Tables HEADROOM_VARIANT;
constinit const Tables HEADROOM_VARIANT{HEADROOM_VARIANT_NAME, kTable<float>, kTable<BFloat>,
                                             {adamw, sgd, encode, decode, roundStochastically}};

}  // namespace headroom::run::simd
