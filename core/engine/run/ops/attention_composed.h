// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/kernel.h"

namespace headroom::run {

/// The forward of attention in every form that the operator has (base/graph/ops/attention.h), of LibTorch's operators: can be
/// differentiated as a segment. Where a mask hides all keys, no infinity is subtracted from itself, and no gradient is NaN.
void attendComposed(KernelContext& context);

}  // namespace headroom::run
