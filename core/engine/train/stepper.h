// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/run_config.h"
#include "base/errors/error.h"
#include "engine/data/dataset.h"
#include "engine/data/loader.h"
#include "engine/train/ema.h"
#include "engine/train/micro_batch.h"
#include "engine/train/model.h"
#include "engine/train/optimizer.h"
#include "engine/train/passes.h"

namespace headroom::train {

/// What a Stepper works on and asks; borrowed for its lifetime.
struct StepperParts {
    const config::RunConfig& config;
    const data::Dataset& dataset;
    Model& model;
    Passes& passes;
    Optimizer& optimizer;
    Ema* ema = nullptr;
    std::function<void(std::vector<at::Tensor>&)> reduceGradients;  ///< may be empty
    std::function<bool(std::int64_t)> fits;  ///< whether the plan of a micro-batch stays within the budget
    /// Makes more again in the backward pass; false where no more can be. May be empty.
    std::function<bool()> recomputeMore;
    /// Lets what waits for the backward pass wait outside of memory; false where no more can, or no room is there. May be empty.
    std::function<bool()> offloadMore;
    /// Lets go of memory that no step needs (a copy that waits to be written); true where there was some. May be empty.
    std::function<bool()> letGo;
    std::function<void(std::string_view kind, const std::string& text)> note;
};

/// Makes the optimizer steps of a run. Each is a transaction: until the update everything that a step touched can go back,
/// and the update itself allocates nothing; one within the backward pass begins when the memory of the rest is assured. Where
/// memory runs out, the step is undone, the micro-batch halved and the same samples are repeated; at single samples more is made
/// again in the backward pass, then what waits for it goes out of memory. Where the loss or a gradient is not finite, the step is
/// undone and left out.
class Stepper {
public:
    /// What a step gave.
    struct Made {
        at::Tensor loss;      ///< mean over the step's terms
        at::Tensor norm;      ///< of the gradients before clipping; undefined where nobody needs it
        bool applied = true;  ///< false: not finite, and undone
    };

    /// `sampler` holds order and division; its micro-batch is the present one, `wanted` the one that the run began with.
    Stepper(StepperParts parts, data::SamplerOptions sampler, std::int64_t wanted);

    /// The samples from `step` on come next, up to `endStep`.
    void start(std::int64_t step, std::int64_t endStep);
    /// Throws MEM-01 where nothing is left that would make room; model, optimizer and averages are then as before.
    Made step(std::int64_t step, double rate);
    /// The system is short of memory: keeps less, from `step` on.
    void giveWay(std::int64_t step);

    /// Whether an update was broken off in its middle, which only a device that breaks its word can do: no state to keep.
    bool isTorn() const { return m_isTorn; }
    std::int64_t microBatch() const { return m_micro.size(); }
    std::int64_t wantedMicroBatch() const { return m_micro.wanted(); }

private:
    void startLoader(std::int64_t step);
    Made attempt(double rate);
    bool updatesInBackward() const;
    Made attemptInBackward(double rate);
    at::Tensor accumulate();
    void keepBuffers();
    void undo();
    void makeRoom(std::int64_t step, const Failure& failure);
    void consider(std::int64_t step, double seconds);
    bool mayGoBack() const { return m_parts.config.train.onNan != "stop"; }

    StepperParts m_parts;
    data::SamplerOptions m_sampler;
    MicroBatch m_micro;
    std::int64_t m_endStep = 0;
    bool m_isTorn = false;
    std::map<graph::ValueId, std::size_t> m_parameterOf;  ///< place in the optimizer's list
    std::vector<at::Tensor> m_buffers, m_buffersBefore;  ///< copies from before the present step
    std::unique_ptr<data::Loader> m_loader;
};

}  // namespace headroom::train
