// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/activation.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/rewrites/rewrite.h"

namespace headroom::graph {
namespace {

/// Relu of a BatchNormalization whose output nobody else reads.
std::optional<Replacement> match(const Graph&, const Readers& readers, const Node& relu) {
    if (relu.op != &kRelu) return std::nullopt;
    const Node* norm = readers.onlyFor(relu.inputs[0], kBatchNormalization);
    if (!norm) return std::nullopt;
    return Replacement{{relu.id, norm->id}, &kBatchNormRelu, norm->inputs, norm->attributes};
}

}  // namespace

constinit const Rule kFuseBatchNormRelu{"batch_norm_relu", match};

}  // namespace headroom::graph
