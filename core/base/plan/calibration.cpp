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

constexpr int kVersion = 1;
constexpr const char* kAnyArchitecture = "*";

std::string joined(const std::string& device, const std::string& precision, const std::string& architecture) {
    return device + " | " + precision + " | " + architecture;
}

void keep(std::vector<double>& values, double value) {
    if (!std::isfinite(value)) return;
    values.push_back(value);
    if (values.size() > Calibration::kKept) values.erase(values.begin());
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::optional<double> medianOf(const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional(median(values));
}

/// The finite numbers of a list, at most as many as are kept; above 0 where only such make sense.
std::vector<double> numbers(const Json& entry, const char* key, bool positive) {
    std::vector<double> values;
    const auto found = entry.find(key);
    if (found == entry.end() || !found->is_array()) return values;
    for (const Json& value : *found)
        if (value.is_number() && (!positive || value.get<double>() > 0)) keep(values, value.get<double>());
    return values;
}

std::optional<Json> parsed(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return std::nullopt;
    try {
        Json document = Json::parse(store::readWhole(file), nullptr, false);
        if (document.is_object() && document.value("version", Json()) == kVersion && document.contains("entries") &&
            document["entries"].is_object())
            return document;
    } catch (const Error&) {
        // What cannot be read is no calibration; a plan without one says that nothing validated it.
    }
    return std::nullopt;
}

}  // namespace

void Calibration::append(Entry& entry, const Observation& observation) {
    ++entry.count;
    if (observation.stepRatio && *observation.stepRatio > 0) keep(entry.stepRatio, *observation.stepRatio);
    if (observation.watts && *observation.watts > 0) keep(entry.watts, *observation.watts);
    if (observation.processExtra) keep(entry.processExtra, static_cast<double>(*observation.processExtra));
}

void Calibration::add(const CalibrationKey& key, const Observation& observation) {
    for (const std::string& architecture : {key.architecture, std::string(kAnyArchitecture)})
        append(m_entries[joined(key.device, key.precision, architecture)], observation);
}

std::optional<Calibration::Summary> Calibration::summary(const std::string& device, const std::string& precision,
                                                         const std::string& architecture) const {
    const auto found = m_entries.find(joined(device, precision, architecture));
    if (found == m_entries.end()) return std::nullopt;
    const Entry& entry = found->second;
    Summary summary{entry.count, std::nullopt, medianOf(entry.watts), medianOf(entry.processExtra)};
    if (!entry.stepRatio.empty()) {
        const auto [least, most] = std::ranges::minmax(entry.stepRatio);
        summary.stepRatio = Summary::Spread{least, median(entry.stepRatio), most};
    }
    return summary;
}

std::optional<Calibration::Summary> Calibration::of(const CalibrationKey& key) const {
    return summary(key.device, key.precision, key.architecture);
}

std::optional<Calibration::Summary> Calibration::inGeneral(const CalibrationKey& key) const {
    return summary(key.device, key.precision, kAnyArchitecture);
}

Calibration Calibration::read(const std::filesystem::path& file) {
    Calibration calibration;
    const std::optional<Json> document = parsed(file);
    if (!document) return calibration;
    for (const auto& [key, value] : document->at("entries").items()) {
        if (!value.is_object()) continue;
        Entry entry{0, numbers(value, "step_ratio", true), numbers(value, "watts", true), numbers(value, "process_extra", false)};
        const auto count = value.find("count");
        if (count != value.end() && count->is_number_integer()) entry.count = std::max<std::int64_t>(0, count->get<std::int64_t>());
        calibration.m_entries.emplace(key, std::move(entry));
    }
    return calibration;
}

void Calibration::write(const std::filesystem::path& file) const {
    Json entries = Json::object();
    for (const auto& [key, entry] : m_entries)
        entries[key] = {{"count", entry.count}, {"step_ratio", entry.stepRatio}, {"watts", entry.watts}, {"process_extra", entry.processExtra}};
    const Json document = {{"version", kVersion}, {"entries", std::move(entries)}};
    store::writeAtomically(file, document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void refineCalibration(const std::filesystem::path& file, const CalibrationKey& key, const Observation& observation) {
    Calibration calibration = Calibration::read(file);
    calibration.add(key, observation);
    calibration.write(file);
}

}  // namespace headroom::plan
