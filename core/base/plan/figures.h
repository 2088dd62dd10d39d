// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "base/units/units.h"

namespace headroom::plan {

struct RunPlan;

/// What a run needs: planned before it, measured after it. What is not known, or cannot be read, is missing.
struct RunFigures {
    std::optional<Bytes> peak{};            ///< of all tensors at once
    std::optional<Bytes> processPeak{};     ///< that the process grew by (on a GPU: that it held on the device)
    std::optional<double> stepSeconds{};    ///< the median step
    std::optional<double> runSeconds{};
    std::optional<double> wattHours{};
    std::optional<double> cost{};           ///< in cost.currency
};

RunFigures figuresOf(const RunPlan& plan);

/// {"peak_bytes", "process_peak_bytes", "step_s", "run_s", "energy_wh", "cost"}; null for what is missing.
nlohmann::ordered_json toJson(const RunFigures& figures);
/// From such an object; anything else gives no figures.
RunFigures figuresFromJson(const nlohmann::json& object);

}  // namespace headroom::plan
