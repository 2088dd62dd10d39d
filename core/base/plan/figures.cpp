// SPDX-License-Identifier: Apache-2.0
#include "base/plan/figures.h"

#include "base/plan/run_plan.h"

namespace headroom::plan {
namespace {

template <class T>
nlohmann::ordered_json orNull(const std::optional<T>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

template <class T>
void read(const nlohmann::json& object, const char* key, std::optional<T>& value) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_number()) value = found->get<T>();
}

}  // namespace

RunFigures figuresOf(const RunPlan& plan) {
    RunFigures figures{.peak = plan.step.peak + plan.featuresInBudget(), .processPeak = plan.processPeak};
    if (!plan.estimate) return figures;
    figures.stepSeconds = plan.estimate->step.typical;
    figures.runSeconds = plan.estimate->run.typical;
    figures.wattHours = plan.estimate->wattHours;
    figures.cost = plan.estimate->cost;
    return figures;
}

nlohmann::ordered_json toJson(const RunFigures& figures) {
    return {{"peak_bytes", orNull(figures.peak)},         {"process_peak_bytes", orNull(figures.processPeak)},
            {"step_s", orNull(figures.stepSeconds)},      {"run_s", orNull(figures.runSeconds)},
            {"energy_wh", orNull(figures.wattHours)},     {"cost", orNull(figures.cost)}};
}

RunFigures figuresFromJson(const nlohmann::json& object) {
    RunFigures figures;
    if (!object.is_object()) return figures;
    read(object, "peak_bytes", figures.peak);
    read(object, "process_peak_bytes", figures.processPeak);
    read(object, "step_s", figures.stepSeconds);
    read(object, "run_s", figures.runSeconds);
    read(object, "energy_wh", figures.wattHours);
    read(object, "cost", figures.cost);
    return figures;
}

}  // namespace headroom::plan
