// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

namespace headroom::train {

/// L2 norm over all elements of all gradients: a scalar tensor on their device.
at::Tensor globalNorm(const std::vector<at::Tensor>& gradients);
/// Scales the gradients in place so that their global norm is at most `limit` (Pascanu, Mikolov, Bengio: On the difficulty
/// of training recurrent neural networks, 2013). `norm` as from globalNorm(); the device is not waited for.
void clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double limit);

}  // namespace headroom::train
