// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/kernel.h"

namespace headroom::run {

/// The backward of a kernel that has none: its forward again under autograd, whose graph spans this node alone and is
/// gone at the end. Every differentiable input must have been saved, and the forward be made of LibTorch's operators.
void backwardByAutograd(const Kernel& kernel, KernelContext& context);

}  // namespace headroom::run
