// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "base/config/run_config.h"
#include "engine/tensor/outside_memory.h"

namespace headroom::train {

/// A trained tensor; the order of a list of them is the graph's and never changes within a run.
struct Parameter {
    std::string name;
    at::Tensor value;
    bool decays = true;  ///< whether weight decay applies
    double rate = 1;     ///< share of the step's learning rate
};

/// A tensor of state by name ("exp_avg.conv1.weight"): checkpoints hold these.
struct NamedTensor {
    std::string name;
    at::Tensor tensor;
    tensor::OutsideMemory* outside = nullptr;  ///< where it lies; nullptr: in the device's memory
    bool fixed = false;                        ///< a frozen parameter: stays as it is
};

/// Updates the parameters in place. All state exists from construction on, and no allocation lies between the first and
/// the last update of a step: one that fails for want of memory has changed nothing.
class Optimizer {
public:
    virtual ~Optimizer() = default;
    /// "adamw", "sgd": checkpoints name it.
    virtual std::string_view name() const = 0;
    /// One step. `gradients` in the order of the parameters (another layout than theirs is copied).
    virtual void step(const std::vector<at::Tensor>& gradients, double rate) = 0;
    /// A step in pieces: begin(), then update() once for every parameter, in any order. Gives the same bits.
    virtual void begin(double rate) = 0;
    virtual void update(std::size_t parameter, const at::Tensor& gradient) = 0;
    /// Borrowed: filling these tensors restores the state.
    virtual std::vector<NamedTensor> state() const = 0;
};

/// AdamW: decay apart from the gradient (Loshchilov, Hutter: Decoupled weight decay regularization, 2019). SGD: momentum
/// without dampening, decay added to the gradient. fp32 throughout: LibTorch's fused kernels; with state or weights of
/// fewer bits: own loops (compact_optimizer.h), whose random roundings are a function of `seed`. With `outside` the state
/// lies there, as far as plan::outsideBytes() says. Throws CFG-04 for a name that is none of these, MEM-03.
std::unique_ptr<Optimizer> makeOptimizer(const config::RunConfig::Optimizer& options, std::vector<Parameter> parameters,
                                         std::uint64_t seed = 0, std::unique_ptr<tensor::OutsideMemory> outside = nullptr);

}  // namespace headroom::train
