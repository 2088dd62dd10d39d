// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

namespace headroom::train {

/// L2 norm over all elements of all gradients: an fp32 scalar on their device.
at::Tensor globalNorm(const std::vector<at::Tensor>& gradients);
/// Scales the gradients in place so that their global norm is at most `limit` (Pascanu, Mikolov, Bengio: On the difficulty
/// of training recurrent neural networks, 2013). `norm` as from globalNorm(); the device is not waited for. On the CPU
/// nothing is allocated from the first change on.
void clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double limit);
/// Loops over parameters walk memory, not indices: the gradients with those copied that lie otherwise than their values do.
std::vector<at::Tensor> laidOutAs(const std::vector<at::Tensor>& gradients, const std::vector<at::Tensor>& values);

}  // namespace headroom::train
