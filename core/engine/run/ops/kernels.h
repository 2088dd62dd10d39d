// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/kernel.h"

namespace headroom::run {

extern const Kernel kAddKernel, kAddPositionsKernel, kAttentionKernel, kAveragePoolKernel, kBatchNormAddReluKernel,
    kBatchNormReluKernel, kBatchNormalizationKernel, kConvKernel, kDropoutKernel, kFixedBatchNormKernel, kFlattenKernel, kGatherKernel,
    kGeluKernel, kGemmKernel, kGlobalAveragePoolKernel, kLayerNormalizationKernel, kLinearCrossEntropyKernel, kLinearKernel, kMatMulKernel,
    kMaxPoolKernel, kMeanSquaredErrorKernel, kReluKernel, kReshapeKernel, kSoftmaxCrossEntropyKernel, kSplitKernel,
    kTransposeKernel;

}  // namespace headroom::run
