// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include <optional>

#include "base/config/run_config.h"
#include "base/models/models.h"
#include "base/plan/step_plan.h"

namespace headroom::ui {

/// What a training step of a configuration will hold in memory, from the plan alone: nothing has to run for it.
struct StepMemory {
    QString fault;               ///< why there is no plan: the model does not suit the data ...
    plan::BytesByKind atPeak{};  ///< by kind, at the moment of the peak
    Bytes peak = 0;
    QString where;               ///< "backward of layer3.2.conv2"
    qint64 parameters = 0;
    qint64 microBatch = 0, parts = 1;
    qint64 stepsPerEpoch = 0, totalSteps = 0;  ///< 0 where the number of samples is not known
    bool fits = true;            ///< within the budget that was given
};

/// Pure. With an automatic micro-batch the largest one that stays within `budget` is planned; without a budget the whole
/// batch at once.
StepMemory stepMemory(const config::RunConfig& config, const models::DataShape& data, qint64 trainSamples, std::optional<Bytes> budget);

}  // namespace headroom::ui
