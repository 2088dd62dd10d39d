// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_document.h"

#include <fmt/format.h>

#include <cmath>

#include "base/graph/summary.h"
#include "base/plan/figures.h"
#include "base/plan/moment.h"
#include "base/units/units.h"
#include "cli/describe.h"

namespace headroom::cli {
namespace {

Json kindsJson(const plan::BytesByKind& bytes) {
    Json kinds = Json::object();
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind) kinds[std::string(plan::name(static_cast<plan::Kind>(kind)))] = bytes[kind];
    return kinds;
}

Json momentJson(const plan::RunPlan& plan) {
    const graph::NodeId node = plan::peakNode(plan.step);
    return {{"text", plan::peakMoment(plan.graph, plan.step)},
            {"node", node == graph::kNone ? Json(nullptr) : Json(plan.graph.node(node).name)}};
}

Json deviceJson(const plan::DeviceModel& device) {
    const auto known = [](double figure) { return figure > 0 ? Json(figure) : Json(nullptr); };
    return {{"name", device.name},
            {"kind", device.kind == graph::DeviceKind::Cuda ? "cuda" : "cpu"},
            {"memory", device.memory > 0 ? Json(device.memory) : Json(nullptr)},
            {"bandwidth", known(device.bandwidth)},
            {"bandwidth_is_estimate", device.bandwidthIsEstimate},
            {"watts", known(device.watts)},
            {"watts_is_estimate", device.wattsIsEstimate}};
}

Json intervalJson(const std::optional<plan::Estimate>& estimate) {
    if (!estimate) return nullptr;
    return {{"step_s", {estimate->step.low, estimate->step.high}}, {"run_s", {estimate->run.low, estimate->run.high}}};
}

std::string kindsText(const plan::BytesByKind& bytes) {
    std::string text;
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind)
        if (bytes[kind] > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", plan::name(static_cast<plan::Kind>(kind)), readableBytes(bytes[kind]));
    return text;
}

std::string budgetText(const plan::RunPlan& plan) {
    if (!plan.budget) return "none is known";
    const Bytes left = *plan.budget - plan.step.peak - plan.featuresInBudget();
    return fmt::format("{}: {}", readableBytes(*plan.budget),
                       plan.fits ? "fits, " + readableBytes(left) + " to spare" : "does not fit, " + readableBytes(-left) + " too much");
}

std::string intervalText(const plan::Interval& seconds) {
    return fmt::format("{} ({} to {})", readableDuration(seconds.typical), readableDuration(seconds.low), readableDuration(seconds.high));
}

std::string costText(const plan::Estimate& estimate, const config::RunConfig::Cost& cost) {
    if (cost.tariff <= 0 && cost.pricePerHour <= 0) return "cost.tariff and cost.price_per_hour are not set";
    return fmt::format("{:.3g} {}", estimate.cost, cost.currency);
}

using Rows = std::vector<std::vector<std::string>>;

void addTimes(Rows& rows, const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config) {
    if (!plan.estimate) {
        rows.push_back({"time", "not known: the table of devices lacks this one"});
        return;
    }
    const plan::Estimate& estimate = *plan.estimate;
    const bool guessed = device.wattsIsEstimate && estimate.watts == device.watts;
    rows.push_back({"step", intervalText(estimate.step) + (estimate.validated ? ", as measured here" : ", not validated by a run")});
    rows.push_back({"run", fmt::format("{} steps in {}", grouped(plan.totalSteps), intervalText(estimate.run))});
    rows.push_back({"energy", fmt::format("{:.3g} Wh at {:.0f} W{}", estimate.wattHours, estimate.watts, guessed ? ", a guess" : "")});
    rows.push_back({"cost", costText(estimate, config.cost)});
}

Json sizesJson(const std::vector<plan::MeasuredSize>& sizes) {
    Json all = Json::array();
    for (const plan::MeasuredSize& each : sizes)
        all.push_back({{"micro_batch", each.microBatch},
                       {"step_s", {each.step.low, each.step.typical, each.step.high}},
                       {"samples_per_s", each.samplesPerSecond},
                       {"peak_bytes", each.peak}});
    return {{"sizes", std::move(all)}, {"fastest", plan::fastest(sizes)->microBatch}};
}

void addSizes(Rows& rows, const plan::RunPlan& plan, const std::vector<plan::MeasuredSize>& sizes) {
    for (const plan::MeasuredSize& each : sizes)
        rows.push_back({&each == &sizes.front() ? "measured" : "",
                        fmt::format("micro-batches of {}: {} samples/s, {} at the peak", grouped(each.microBatch),
                                    grouped(std::llround(each.samplesPerSecond)), readableBytes(each.peak))});
    const auto best = plan::fastest(sizes);
    if (best && best->microBatch != plan.microBatch)
        rows.push_back({"", fmt::format("--set train.micro_batch={} is the fastest", best->microBatch)});
}

std::string parametersText(const plan::RunPlan& plan) {
    const std::int64_t trained = graph::trainedCount(plan.graph);
    const std::string all = grouped(plan.parameters);
    return trained == plan.parameters ? all : fmt::format("{}, of which {} are trained", all, grouped(trained));
}

std::string picturesText(const PicturePlan& pictures) {
    const std::string threads = fmt::format(", up to {} while they are decoded", readableBytes(pictures.decoding));
    if (pictures.kept >= pictures.all) return readableBytes(pictures.all) + " in memory" + threads;
    return fmt::format("{} of {} in memory, the others decoded as they are asked for{}", readableBytes(pictures.kept), readableBytes(pictures.all), threads);
}

}  // namespace

Json planDocument(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                  const std::vector<plan::MeasuredSize>& sizes, const PicturePlan& pictures) {
    Json document = plan::toJson(plan::figuresOf(plan));
    document["plan"] = {{"by_kind", kindsJson(plan.step.atPeak)},
                        {"moment", momentJson(plan)},
                        {"batch_size", config.train.batchSize},
                        {"micro_batch", plan.microBatch},
                        {"accumulation", plan.options.microBatches},
                        {"steps_per_epoch", plan.stepsPerEpoch},
                        {"total_steps", plan.totalSteps},
                        {"parameters", plan.parameters},
                        {"trained", graph::trainedCount(plan.graph)},
                        {"features_bytes", plan.features},
                        {"budget", plan.budget ? Json(*plan.budget) : Json(nullptr)},
                        {"fits", plan.fits},
                        {"validated", plan.estimate && plan.estimate->validated},
                        {"interval", intervalJson(plan.estimate)},
                        {"watts", plan.estimate ? Json(plan.estimate->watts) : Json(nullptr)},
                        {"currency", config.cost.currency},
                        {"device", deviceJson(device)}};
    if (pictures.all > 0) document["plan"]["pictures"] = {{"all_bytes", pictures.all}, {"kept_bytes", pictures.kept}, {"decoding_bytes", pictures.decoding}};
    if (!sizes.empty()) document["measured"] = sizesJson(sizes);
    return document;
}

std::string readablePlan(const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
                         const std::vector<plan::MeasuredSize>& sizes, const PicturePlan& pictures) {
    Rows rows{{"peak", fmt::format("{}, {}", readableBytes(plan.step.peak), plan::peakMoment(plan.graph, plan.step))},
              {"", kindsText(plan.step.atPeak)},
              {device.kind == graph::DeviceKind::Cuda ? "on the device" : "process", readableBytes(plan.processPeak)},
              {"budget", budgetText(plan)},
              {"batch", fmt::format("{} x {} = {}", grouped(plan.microBatch), grouped(plan.options.microBatches), grouped(config.train.batchSize))},
              {"parameters", parametersText(plan)},
              {"device", escaped(device.name)}};
    if (plan.features > 0) rows.insert(rows.begin() + 2, {"features", readableBytes(plan.features) + " kept in memory"});
    if (pictures.all > 0) rows.insert(rows.begin() + 2, {"pictures", picturesText(pictures)});
    addTimes(rows, plan, device, config);
    addSizes(rows, plan, sizes);
    return table(rows);
}

}  // namespace headroom::cli
