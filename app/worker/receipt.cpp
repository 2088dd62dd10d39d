// SPDX-License-Identifier: Apache-2.0
#include "worker/receipt.h"

#include <algorithm>

#include "base/plan/process_peak.h"
#include "base/plan/this_device.h"
#include "base/store/run_reader.h"

namespace headroom::worker {
namespace {

constexpr const char* kFact = "receipt";
constexpr std::int64_t kLeastSteps = 10;  // fewer are mostly the first one, which warms up

template <class T>
std::optional<T> larger(const std::optional<T>& a, const std::optional<T>& b) {
    return a && b ? std::max(*a, *b) : a ? a : b;
}

}  // namespace

void Receipt::predict(const config::RunConfig& config, const plan::RunData& data, const std::string& device,
                      std::int64_t microBatch, Bytes budget) {
    const plan::DeviceModel model = plan::thisDevice(device);
    const plan::RunPlanOptions as{.budget = budget > 0 ? std::optional(budget) : std::nullopt, .microBatch = microBatch};
    plan::RunPlan planned = plan::planRun(config, data, model, plan::Calibration::read(m_file), as);
    if (const nlohmann::json before = store::RunReader(m_writer.folder()).fact(kFact); before.is_object()) m_fact = before;
    if (!m_fact.contains("predicted")) m_fact["predicted"] = plan::toJson(plan::figuresOf(planned));
    m_planned.emplace(config, model, std::move(planned));
    m_writer.setFact(kFact, m_fact);
    m_writer.commit();
}

void Receipt::measure(plan::RunFigures measured, std::int64_t steps, double others) {
    if (!m_planned) return;
    if (steps >= kLeastSteps) refine(measured, others);
    complete(measured);
    m_fact["measured"] = plan::toJson(measured);
    m_writer.setFact(kFact, m_fact);
    m_planned.reset();  // a session is measured once
}

/// What is the whole run's, and what earlier sessions measured.
void Receipt::complete(plan::RunFigures& measured) const {
    const plan::RunFigures before = plan::figuresFromJson(m_fact.value("measured", nlohmann::json()));
    measured.peak = larger(measured.peak, before.peak);
    measured.processPeak = larger(measured.processPeak, before.processPeak);
    if (!measured.stepSeconds) measured.stepSeconds = before.stepSeconds;
    if (const auto joules = m_writer.summary().joules) measured.wattHours = *joules / 3600;
    const config::RunConfig::Cost& cost = m_planned->config.cost;
    if (measured.wattHours || cost.tariff <= 0)
        measured.cost = plan::costOf(cost, measured.wattHours.value_or(0), measured.runSeconds.value_or(0));
}

/// A calibration that cannot be written must not cost the run its end.
void Receipt::refine(const plan::RunFigures& measured, double others) {
    const auto& [config, device, planned] = *m_planned;
    const std::optional<double> joules = m_writer.summary().joules;
    plan::Observation observation{.others = others};
    if (measured.stepSeconds && planned.work.step > 0) observation.stepRatio = *measured.stepSeconds / planned.work.step;
    if (measured.processPeak) observation.processExtra = *measured.processPeak - planned.featuresInBudget() - plan::processPeak(planned.graph, planned.step, device.kind);
    if (joules && measured.runSeconds.value_or(0) > 0) observation.watts = *joules / *measured.runSeconds;
    try {
        plan::refineCalibration(m_file, plan::calibrationKey(config, device), observation);
    } catch (const Error& error) {
        m_writer.event("warning", error.what());
    }
}

}  // namespace headroom::worker
