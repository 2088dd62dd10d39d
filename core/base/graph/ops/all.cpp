// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/ops/shape.h"

namespace headroom::graph {
namespace {

constexpr std::array kAll{&kAdd,
                          &kAddPositions,
                          &kAttention,
                          &kAveragePool,
                          &kBatchNormAddRelu,
                          &kBatchNormRelu,
                          &kBatchNormalization,
                          &kConv,
                          &kDropout,
                          &kFlatten,
                          &kGather,
                          &kGelu,
                          &kGemm,
                          &kGlobalAveragePool,
                          &kLayerNormalization,
                          &kLinear,
                          &kLinearCrossEntropy,
                          &kMatMul,
                          &kMaxPool,
                          &kMeanSquaredError,
                          &kRelu,
                          &kReshape,
                          &kSoftmaxCrossEntropy,
                          &kSplit,
                          &kTranspose};

}  // namespace

std::span<const OpEntry* const> allOps() { return kAll; }

}  // namespace headroom::graph
