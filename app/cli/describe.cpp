// SPDX-License-Identifier: Apache-2.0
#include "cli/describe.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "base/units/iso_time.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

template <class T>
Json orNull(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json textOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

Json metricsJson(const store::RunSummary& run) {
    Json metrics = Json::object();
    for (const auto& [name, value] : run.metrics) metrics[name] = number(value);
    return metrics;
}

Json describe(const store::RunSummary& run) {
    Json all = {{"id", run.id},
                {"name", run.name},
                {"state", store::word(run.state)},
                {"pid", store::isLive(run.state) && run.pid > 0 ? Json(run.pid) : Json(nullptr)},
                {"created", isoTime(run.created)},
                {"epoch", run.progress.epoch},
                {"step", run.progress.step},
                {"metrics", metricsJson(run)},
                {"samples_per_s", orNull(run.samplesPerSecond)},
                {"wall_s", run.wallSeconds},
                {"weights_sha256", textOrNull(run.weightsSha256)},
                {"total_steps", run.progress.totalSteps},
                {"samples", run.progress.samples},
                {"eta_s", store::isLive(run.state) ? orNull(run.progress.etaSeconds) : Json(nullptr)},
                {"arch", run.arch},
                {"data", run.data},
                {"device", run.device},
                {"energy_j", orNull(run.joules)},
                {"reason", run.end ? Json(run.end->reason) : Json(nullptr)},
                {"code", run.end ? textOrNull(run.end->code) : Json(nullptr)},
                {"ended", run.end ? Json(isoTime(run.end->wallTime)) : Json(nullptr)},
                {"parent", textOrNull(run.parent)},
                {"tags", run.tags},
                {"trashed", run.trashed}};
    return all;
}

store::RunSummary look(const Chosen& chosen) {
    // The state first: what is read afterwards is at least as new.
    const store::RunState state = store::runState(chosen.home, chosen.run);
    store::RunSummary summary = store::RunReader(chosen.run).summary();
    summary.state = state;
    if (const auto worker = store::holder(chosen.run)) summary.pid = worker->pid;
    return summary;
}

std::string metricsText(const store::RunSummary& run) {
    constexpr std::array kOrder{"val_miou", "val_accuracy", "val_r2", "val_loss", "train_loss"};
    std::string text;
    for (const char* name : kOrder)
        if (const auto found = run.metrics.find(name); found != run.metrics.end())
            text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, found->second);
    return text;
}

std::string readableDuration(double seconds) {
    if (seconds > 0 && seconds < 0.1) {
        const double small = seconds < 1e-3 ? seconds * 1e6 : seconds * 1e3;
        return fmt::format("{:.{}f} {}", small, small < 10 ? 1 : 0, seconds < 1e-3 ? "us" : "ms");
    }
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 60) return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 1 : 0);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace headroom::cli
