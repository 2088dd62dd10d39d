// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "engine/train/optimizer.h"

namespace headroom::train {

/// The rules of optimizer.h with state or weights of fewer bits: every block of plan::kStateBlock numbers is brought into
/// fp32, updated and rounded again, so that what is kept in full is one block a thread. bf16 numbers, weights too, are
/// rounded at random (Gupta et al., "Deep learning with limited numerical precision", arXiv 1502.02551) by a function of the
/// seed, the parameter's name, the update's number and the element's place alone.
std::unique_ptr<Optimizer> makeCompactOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters,
                                                std::uint64_t seed, std::unique_ptr<tensor::OutsideMemory> outside);

}  // namespace headroom::train
