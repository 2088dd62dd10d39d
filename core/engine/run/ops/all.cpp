// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/errors/error.h"
#include "engine/run/ops/kernels.h"

namespace headroom::run {
namespace {

constexpr std::array kAll{&kAddKernel,           &kAddPositionsKernel,  &kAttentionKernel,
                          &kAveragePoolKernel,   &kBatchNormAddReluKernel, &kBatchNormReluKernel,
                          &kBatchNormalizationKernel, &kConvKernel,     &kDropoutKernel,
                          &kFlattenKernel,       &kGatherKernel,        &kGeluKernel,
                          &kGemmKernel,          &kGlobalAveragePoolKernel, &kLayerNormalizationKernel,
                          &kLinearCrossEntropyKernel, &kLinearKernel,   &kMatMulKernel,        &kMaxPoolKernel,
                          &kMeanSquaredErrorKernel, &kReluKernel,       &kReshapeKernel,
                          &kSoftmaxCrossEntropyKernel, &kSplitKernel,   &kTransposeKernel};

}  // namespace

const Kernel& kernel(const graph::OpEntry& op) {
    for (const Kernel* candidate : kAll)
        if (candidate->op == &op) return *candidate;
    throw Error({Code::Int01, std::string(op.name), "this operator has no kernel", {}, {}, {}});
}

}  // namespace headroom::run
