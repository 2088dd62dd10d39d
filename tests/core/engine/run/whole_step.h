// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>

#include "base/config/run_config.h"
#include "base/plan/step_plan.h"
#include "core/engine/run/nets.h"
#include "engine/tensor/offload_store.h"
#include "engine/train/optimizer.h"

namespace headroom::test {

/// A net with made-up data, its optimizer and its plan: what the plan says can be held against what is measured.
class WholeStep {
public:
    struct Options {
        std::string net;                    ///< as makeNet
        std::int64_t batch = 1;             ///< effective
        std::int64_t microBatches = 1;
        bool small = false;                 ///< as makeNet
        config::RunConfig::Train train;     ///< optimizer, its state, weights, precision
        config::RunConfig::Memory memory;   ///< recompute, optimizer in the backward pass, budget
    };
    explicit WholeStep(const Options& options);
    WholeStep(const WholeStep&) = delete;
    WholeStep& operator=(const WholeStep&) = delete;

    using Observer = std::function<void(plan::Stage stage, std::size_t instruction)>;
    /// Forward and backward of every micro-batch; with updates in the backward pass those, too.
    void passes(std::int64_t step, const Observer& observer = {});
    /// The update at the step's end, and the gradients go.
    void update();

    const Net& net() const { return m_net; }
    const plan::StepPlan& planned() const { return m_planned; }

private:
    std::vector<train::Parameter> parameters() const;

    const Options m_options;
    const Net m_net;
    const plan::StepPlan m_planned;
    run::TensorSet m_tensors;
    const std::unique_ptr<train::Optimizer> m_optimizer;
    run::Executor m_executor;
    const std::unique_ptr<tensor::OffloadStore> m_store;
    std::map<graph::ValueId, std::size_t> m_places;  ///< in the optimizer's list
};

}  // namespace headroom::test
