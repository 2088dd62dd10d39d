// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include "base/graph/ops/activation.h"
#include "base/graph/ops/algebra.h"
#include "base/graph/ops/arrangement.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/binary.h"
#include "base/graph/ops/channel_normalization.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/criterion.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/ops/indexing.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/quantization.h"
#include "base/graph/ops/recurrent.h"
#include "base/graph/ops/reduction.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/ops/resampling.h"
#include "base/graph/ops/shape.h"
#include "base/graph/ops/unary.h"
#include "base/graph/ops/windows.h"


namespace headroom::graph {
namespace {

/// Whole families, a table each.
constexpr std::array kFamilies{unaryOps, binaryOps, reductionOps, arrangementOps, indexingOps, channelNormalizationOps, windowOps,
                               resamplingOps, recurrentOps, quantizationOps, criterionOps, algebraOps};

constexpr std::array kOwn{&kAdd,
                          &kAddPositions,
                          &kAttention,
                          &kAveragePool,
                          &kBatchNormAddRelu,
                          &kBatchNormRelu,
                          &kBatchNormalization,
                          &kConv,
                          &kDropout,
                          &kFixedBatchNorm,
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
                          &kPlaces,
                          &kRelu,
                          &kReshape,
                          &kSoftmaxCrossEntropy,
                          &kSplit,
                          &kTranspose};

std::vector<const OpEntry*> gathered() {
    std::vector<const OpEntry*> all(kOwn.begin(), kOwn.end());
    for (const auto family : kFamilies)
        for (const OpEntry& op : family()) all.push_back(&op);
    return all;
}

}  // namespace

std::span<const OpEntry* const> allOps() {
    static const std::vector<const OpEntry*> all = gathered();
    return all;
}

const OpEntry* findOp(std::string_view name, std::string_view domain) {
    const auto all = allOps();
    const auto found = std::ranges::find_if(all, [&](const OpEntry* op) { return op->name == name && op->domain == domain; });
    return found == all.end() ? nullptr : *found;
}

}  // namespace headroom::graph
