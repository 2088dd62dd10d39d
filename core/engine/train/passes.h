// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <tuple>

#include "base/plan/program.h"
#include "engine/data/loader.h"
#include "engine/run/executor.h"
#include "engine/train/model.h"

namespace headroom::train {

/// Runs micro-batches of one model: a program for every shape that comes, made once.
class Passes {
public:
    Passes(const Model& model, plan::Precision precision, std::int64_t context);

    /// What the backward pass makes again from now on, by NodeId; empty = nothing.
    void setRecompute(std::vector<bool> nodes);
    const std::vector<bool>& recompute() const { return m_recompute; }
    /// What waits for the backward pass outside of memory from now on, by NodeId, on the CPU in a file in `folder`; empty =
    /// nothing. Throws MEM-03 where the folder takes none.
    void setOffload(std::vector<bool> nodes, const std::filesystem::path& folder);
    const std::vector<bool>& offload() const { return m_offload; }
    /// Makes the programs for steps in micro-batches of `batch` samples now, and the room that they take outside of memory.
    /// Throws MEM-03 where there is none.
    void prepare(std::int64_t batch);

    at::Device device() const { return m_device; }
    /// Element type that the net's input wants.
    at::ScalarType inputType();
    /// Sum of the loss over the batch, a tensor that nobody has waited for; gradients are added to those of the model, or,
    /// where the batch is the whole of its step, handed to `updates` as they come.
    at::Tensor train(Model& model, const data::Batch& batch, std::uint64_t seed, double lossScale, const run::Updates* updates = nullptr);

    struct Inference {
        at::Tensor loss;    ///< sum
        at::Tensor logits;  ///< [rows, outputs]
    };
    Inference infer(run::TensorSet& tensors, const data::Batch& batch);
    /// Most bytes that an inference of this batch holds.
    Bytes inferencePeak(std::int64_t batch);
    Bytes trainingPeak(std::int64_t batch);

private:
    const plan::Program& program(plan::Mode mode, plan::Gradients gradients, std::int64_t batch, bool optimizerInBackward = false);
    std::vector<at::Tensor> inputsOf(const data::Batch& batch) const;

    const graph::Graph& graphOf(plan::Mode mode) const { return mode == plan::Mode::Training ? m_step : m_evaluation; }

    const graph::Graph& m_step;        ///< outputs: loss
    const graph::Graph& m_evaluation;  ///< outputs: loss, logits
    at::Device m_device;
    plan::Precision m_precision;
    std::int64_t m_context;
    std::vector<bool> m_recompute, m_offload;
    std::unique_ptr<tensor::OffloadStore> m_store;
    run::Executor m_trainer, m_evaluator;
    std::map<std::tuple<plan::Mode, plan::Gradients, std::int64_t, bool>, plan::Program> m_programs;
};

}  // namespace headroom::train
