// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include <memory>
#include <optional>

#include "base/config/run_config.h"
#include "base/plan/configured_step.h"

namespace headroom::ui {

/// A planned step together with the graph that its programs speak of. Never changed.
struct PlannedStep {
    plan::ConfiguredStep configured;
    plan::StepPlan step;
};

/// What a training step of a configuration will hold in memory, from the plan alone: nothing has to run for it.
struct StepMemory {
    QString fault;               ///< why there is no plan: the model does not suit the data ...
    plan::BytesByKind atPeak{};  ///< by kind, at the moment of the peak
    Bytes peak = 0;
    Bytes features = 0;          ///< of a frozen part, kept beside all steps (train.cache_features)
    Bytes process = 0;           ///< what the process adds: tensors, their pools' rounding and holes, the fixed part, and the features
    QString where;               ///< "backward of layer3.2.conv2"
    qint64 parameters = 0;
    qint64 microBatch = 0, parts = 1;
    qint64 stepsPerEpoch = 0, totalSteps = 0;  ///< 0 where the number of samples is not known
    bool fits = true;            ///< within the budget that was given
    std::shared_ptr<const PlannedStep> planned;  ///< null where there is no plan
};

/// Pure. With an automatic micro-batch the largest one that stays within what `features` leave of `budget` is planned; without a
/// budget the whole batch at once.
StepMemory stepMemory(const config::RunConfig& config, const plan::ConfiguredStep& configured, std::optional<Bytes> budget, Bytes features = 0);
/// Steps of an epoch and of the run, into `memory`.
void countSteps(StepMemory& memory, const config::RunConfig& config, qint64 trainSamples);

}  // namespace headroom::ui
