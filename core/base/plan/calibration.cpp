// SPDX-License-Identifier: Apache-2.0
#include "base/plan/calibration.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors/error.h"
#include "base/store/atomic_file.h"

namespace headroom::plan {
namespace {

using Json = nlohmann::ordered_json;
using Runs = std::vector<Observation>;

constexpr int kVersion = 1;
constexpr const char* kAnyArchitecture = "*";

std::string joined(const CalibrationKey& key) { return key.device + " | " + key.precision + " | " + key.architecture; }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One figure of all runs that have it.
template <class Figure>
std::vector<double> figures(const Runs& runs, Figure Observation::*figure) {
    std::vector<double> values;
    for (const Observation& run : runs)
        if (run.*figure) values.push_back(static_cast<double>(*(run.*figure)));
    return values;
}

std::optional<double> medianOf(const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional(median(values));
}

std::optional<Calibration::Summary::Spread> spreadOf(const Runs& runs) {
    Runs quiet;
    std::ranges::copy_if(runs, std::back_inserter(quiet), [](const Observation& run) {
        return run.stepRatio && run.others <= Calibration::kMostOthers;
    });
    const std::vector<double> ratios = figures(quiet.empty() ? runs : quiet, &Observation::stepRatio);
    if (ratios.empty()) return std::nullopt;
    const auto [least, most] = std::ranges::minmax(ratios);
    return Calibration::Summary::Spread{least, median(ratios), most, quiet.empty()};
}

/// Without what makes no sense.
Observation sensible(Observation run) {
    const auto keepPositive = [](std::optional<double>& figure) {
        if (figure && !(std::isfinite(*figure) && *figure > 0)) figure.reset();
    };
    keepPositive(run.stepRatio);
    keepPositive(run.watts);
    if (!(run.others >= 0 && run.others <= 1)) run.others = 1;
    return run;
}

void append(Runs& runs, const Observation& run) {
    runs.push_back(sensible(run));
    if (runs.size() > Calibration::kKept) runs.erase(runs.begin());
}

Observation observationFrom(const Json& object) {
    Observation run;
    const auto number = [&object](const char* key) -> std::optional<double> {
        const auto found = object.find(key);
        return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
    };
    constexpr double kMostBytes = 1e15;
    run.stepRatio = number("step_ratio");
    run.watts = number("watts");
    const auto bytes = number("process_extra");
    if (bytes && std::abs(*bytes) < kMostBytes) run.processExtra = static_cast<Bytes>(*bytes);
    run.others = number("others").value_or(0);
    return run;
}

Json toJson(const Observation& run) {
    Json object = {{"others", run.others}};
    if (run.stepRatio) object["step_ratio"] = *run.stepRatio;
    if (run.processExtra) object["process_extra"] = *run.processExtra;
    if (run.watts) object["watts"] = *run.watts;
    return object;
}

/// The file's "runs", an object; an empty one where the file is missing, broken or of another version.
Json runsIn(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return Json::object();
    try {
        const Json document = Json::parse(store::readWhole(file), nullptr, false);
        const bool ours = document.is_object() && document.value("version", Json()) == kVersion && document.contains("runs");
        if (ours && document["runs"].is_object()) return document["runs"];
    } catch (const Error&) {
        // What cannot be read is no calibration; a plan without one says that nothing validated it.
    }
    return Json::object();
}

}  // namespace

void Calibration::add(const CalibrationKey& key, const Observation& observation) {
    append(m_runs[joined(key)], observation);
    append(m_runs[joined({key.device, key.precision, kAnyArchitecture})], observation);
}

std::optional<Calibration::Summary> Calibration::of(const CalibrationKey& key) const {
    const auto found = m_runs.find(joined(key));
    if (found == m_runs.end() || found->second.empty()) return std::nullopt;
    const Runs& runs = found->second;
    return Summary{spreadOf(runs), medianOf(figures(runs, &Observation::watts)),
                   medianOf(figures(runs, &Observation::processExtra))};
}

std::optional<Calibration::Summary> Calibration::inGeneral(const CalibrationKey& key) const {
    return of({key.device, key.precision, kAnyArchitecture});
}

Calibration Calibration::read(const std::filesystem::path& file) {
    Calibration calibration;
    const Json all = runsIn(file);
    for (const auto& [key, runs] : all.items()) {
        if (!runs.is_array()) continue;
        for (const Json& run : runs)
            if (run.is_object()) append(calibration.m_runs[key], observationFrom(run));
    }
    return calibration;
}

void Calibration::write(const std::filesystem::path& file) const {
    Json all = Json::object();
    for (const auto& [key, runs] : m_runs) {
        Json& list = all[key] = Json::array();
        for (const Observation& run : runs) list.push_back(toJson(run));
    }
    const Json document = {{"version", kVersion}, {"runs", std::move(all)}};
    store::writeAtomically(file, document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void refineCalibration(const std::filesystem::path& file, const CalibrationKey& key, const Observation& observation) {
    Calibration calibration = Calibration::read(file);
    calibration.add(key, observation);
    calibration.write(file);
}

}  // namespace headroom::plan
