// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>

#include "base/config/run_config.h"
#include "base/errors/error.h"
#include "base/models/models.h"
#include "base/plan/step_plan.h"
#include "base/units/units.h"

// From a configuration to the step that is planned: what the studio shows, the command line prints and the trainer runs.
namespace headroom::plan {

class Planner;

/// What a configuration says of a built-in architecture.
models::ModelOptions modelOptions(const config::RunConfig& config);

/// The net up to its logits: built, or made of the model file's graph; with what is frozen marked.
/// Throws CFG-04, DAT-05, CFG-09 as models::build, models::adapted and models::freeze.
graph::Graph netOf(const config::RunConfig& config, const models::Basis& basis);

/// The part of it that training steps run: with train.cache_features what lies behind the frozen part (models::cutFrozen), whose input
/// are features; else all.
graph::Graph trainedPart(graph::Graph net, const config::RunConfig& config);

/// The graph that training runs: the loss appended, then the training rules.
graph::Graph trainingGraph(graph::Graph net, models::Task task, double labelSmoothing);

/// The same with the loss as its only output, as training steps run it: nobody reads the logits after their last reader,
/// and with memory.chunked_loss they never are there as a whole. Values that no node makes keep their ids.
graph::Graph lossOnly(graph::Graph graph, const config::RunConfig& config);

Precision precisionOf(const config::RunConfig& config);

/// The kind of device that `device` names; "auto" counts as the CPU.
graph::DeviceKind deviceKind(const config::RunConfig& config);

/// What a configuration says about a step; batch and number of micro-batches are not set.
StepOptions stepOptions(const config::RunConfig& config, const models::DataShape& data,
                        graph::DeviceKind device = graph::DeviceKind::Cpu);

/// The effective batch in micro-batches of at most `microBatch` samples: sets `step`'s batch and their number.
void divide(StepOptions& step, std::int64_t effectiveBatch, std::int64_t microBatch);

/// Largest micro-batch with which the process stays within `budget` bytes (process_peak.h): the effective batch in as few
/// equal parts as possible. `step` holds all else of the step. Nothing where not even single samples fit.
std::optional<std::int64_t> largestMicroBatch(const graph::Graph& graph, const StepOptions& step, std::int64_t effectiveBatch,
                                              Bytes budget);
std::optional<std::int64_t> largestMicroBatch(Planner& planner, StepOptions step, std::int64_t effectiveBatch, Bytes budget);

/// The configuration's micro-batch, or, where it is automatic, the largest that fits its budget; without one, the automatic
/// budget of `available` bytes. `graph` as lossOnly() makes it. Throws MEM-02 where not even single samples fit.
std::int64_t microBatchFor(const config::RunConfig& config, const graph::Graph& graph, const StepOptions& step, Bytes available);

/// The configuration's budget, or the automatic one of `available` bytes.
Bytes budgetFor(const config::RunConfig& config, Bytes available);

/// MEM-02: the process needs `peak` bytes for a step of single samples.
Failure singleSamplesExceed(Bytes peak, Bytes budget);

/// What training may use when nobody said: 80 % of the memory that is available. The rest is for other programs and for what
/// no plan holds.
Bytes automaticBudget(Bytes available);

}  // namespace headroom::plan
