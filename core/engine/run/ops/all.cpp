// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iterator>

#include "base/errors/error.h"
#include "engine/run/ops/families.h"
#include "engine/run/ops/kernels.h"

namespace headroom::run {
namespace {

constexpr std::array kAll{&kAddKernel,           &kAddPositionsKernel,  &kAttentionKernel,
                          &kAveragePoolKernel,   &kBatchNormAddReluKernel, &kBatchNormReluKernel,
                          &kBatchNormalizationKernel, &kConvKernel,     &kDropoutKernel,
                          &kFixedBatchNormKernel, &kFlattenKernel,       &kGatherKernel,        &kGeluKernel,
                          &kGemmKernel,          &kGlobalAveragePoolKernel, &kLayerNormalizationKernel,
                          &kLinearCrossEntropyKernel, &kLinearKernel,   &kMatMulKernel,        &kMaxPoolKernel,
                          &kMeanSquaredErrorKernel, &kReluKernel,       &kReshapeKernel,
                          &kSoftmaxCrossEntropyKernel, &kSplitKernel,   &kTransposeKernel};

/// Whole families, a table each.
const std::vector<Kernel>& familyKernels() {
    static const std::vector<Kernel> all = [] {
        std::vector<Kernel> gathered;
        for (const auto family : {unaryKernels, binaryKernels, reductionKernels, arrangementKernels, indexingKernels, channelNormalizationKernels,
                                  windowKernels, resamplingKernels, recurrentKernels, quantizationKernels, criterionKernels, algebraKernels})
            std::ranges::move(family(), std::back_inserter(gathered));
        return gathered;
    }();
    return all;
}

}  // namespace

const Kernel& kernel(const graph::OpEntry& op) {
    for (const Kernel* candidate : kAll)
        if (candidate->op == &op) return *candidate;
    for (const Kernel& candidate : familyKernels())
        if (candidate.op == &op) return candidate;
    throw Error({Code::Int01, std::string(op.name), "this operator has no kernel", {}, {}, {}});
}

}  // namespace headroom::run
