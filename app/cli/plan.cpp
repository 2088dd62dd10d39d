// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "base/graph/document.h"
#include "base/models/data_shape.h"
#include "base/plan/batch_finder.h"
#include "base/plan/run_plan.h"
#include "base/plan/this_device.h"
#include "base/process/available_memory.h"
#include "cli/commands.h"
#include "cli/locate.h"
#include "cli/plan_document.h"
#include "cli/print.h"
#include "cli/session.h"
#include "cli/start.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string config;
    std::vector<std::string> overrides;
    std::optional<std::string> budget, device;
    bool measure = false;
};

config::RunConfig configured(const Options& options) {
    config::RunConfig config = config::load(configFile(options.config), options.overrides);
    if (options.budget) config::set(config, "memory.budget", *options.budget);
    return config;
}

/// The device that was asked for, of this machine ("cpu", "cuda:N") or of the table; else the run's own.
plan::DeviceModel chosenDevice(const config::RunConfig& config, const std::optional<std::string>& asked) {
    if (!asked) return plan::thisDevice(deviceOf(config));
    if (*asked != "cpu" && !asked->starts_with("cuda:")) return plan::deviceModel(*asked);
    config::RunConfig there = config;
    config::set(there, "device", *asked);
    return plan::thisDevice(deviceOf(there));
}

void noteAge(const Session& session, const plan::DeviceModel& device) {
    if (device.capability == 0 || device.capability >= plan::kLeastCapability) return;
    note(session, fmt::format("Training does not run on {}: CUDA 13 begins at compute capability {}.{}.", device.name,
                              plan::kLeastCapability / 10, plan::kLeastCapability % 10));
}

struct Asked {
    plan::RunData data;
    PicturePlan pictures;
};

Asked dataOf(const Session& session, const config::RunConfig& config) {
    const Json found = askWorker(session, {{"ask", "shape"}, {"config", Json::parse(config::toShortJson(config))}});
    plan::RunData data{models::shapeFromJson(found.value("shape", Json())), found.value("training", std::int64_t{0}),
                       found.value("validation", std::int64_t{0})};
    if (found.contains("graph")) data.file = std::make_shared<const graph::Graph>(graph::graphFromJson(found["graph"]));
    const Json pictures = found.value("pictures", Json::object());
    return {data, {pictures.value("all", Bytes{0}), pictures.value("kept", Bytes{0}), pictures.value("decoding", Bytes{0})}};
}

/// What is available to the steps: on the CPU without what the pictures take, which are there when they begin.
Bytes automaticBudget(const plan::DeviceModel& device, const PicturePlan& pictures) {
    const Bytes available = process::availableMemory();
    return plan::automaticBudget(device, std::max<Bytes>(available - pictures.held(), 1));
}

/// Real steps of the sizes that fit, made by the worker here.
std::vector<plan::MeasuredSize> measured(const Session& session, const config::RunConfig& config, const plan::RunPlan& plan) {
    std::vector<std::int64_t> sizes = plan::sizesToMeasure(plan.graph, plan.options, config.train.batchSize, plan.budget);
    if (!std::ranges::count(sizes, plan.microBatch)) sizes.push_back(plan.microBatch);
    config::RunConfig here = config;
    if (plan.budget) config::set(here, "memory.budget", std::to_string(*plan.budget));
    const Json found = askWorker(session, {{"ask", "measure"}, {"config", Json::parse(config::toShortJson(here))}, {"micro_batches", sizes}});
    return plan::measuredSizes(found.value("measured", Json::array()));
}

/// A plan that does not fit is printed all the same: it says by how much.
int tell(const Session& session, const plan::RunPlan& plan, const plan::DeviceModel& device, const config::RunConfig& config,
         const std::vector<plan::MeasuredSize>& sizes, const PicturePlan& pictures) {
    const std::optional<Failure> misfit = plan::misfit(config, plan);
    Json document = planDocument(plan, device, config, sizes, pictures);
    if (misfit) document["error"] = errorJson(Error(*misfit));
    if (session.json)
        print(document);
    else
        printText(readablePlan(plan, device, config, sizes, pictures));
    if (!misfit) return 0;
    Session quiet = session;
    quiet.json = false;  // the document is printed already
    return report(quiet, Error(*misfit));
}

int plan(const Session& session, const Options& options) {
    const config::RunConfig config = configured(options);
    if (options.measure && options.device)
        throw Error(Failure{Code::Cli01, "--measure", "steps are measured on the device that the run would take", "--device " + *options.device,
                            {}, "Leave --device out, or set device in the configuration."});
    const plan::DeviceModel device = chosenDevice(config, options.device);
    noteAge(session, device);
    const auto [data, pictures] = dataOf(session, config);
    const auto calibration = plan::Calibration::read(session.home().calibration());
    const Bytes budget = config::memoryBudget(config).value_or(automaticBudget(device, pictures));
    plan::RunPlan found = plan::planRun(config, data, device, calibration, {.budget = budget});
    std::vector<plan::MeasuredSize> sizes;
    if (options.measure && found.fits) {
        sizes = measured(session, config, found);
        const auto own = std::ranges::find(sizes, found.microBatch, &plan::MeasuredSize::microBatch);
        if (own != sizes.end())
            found = plan::planRun(config, data, device, calibration, {.budget = budget, .microBatch = found.microBatch, .measuredStep = own->step});
    }
    return tell(session, found, device, config, sizes, pictures);
}

}  // namespace

void addPlan(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("plan", "Say before a run what it needs: memory, time, energy, money");
    command->add_option("config", options->config, "Configuration file, or sample")->required();
    command->add_option("--set", options->overrides, "Override a field: train.epochs=3 (can be repeated)")
        ->take_all()->allow_extra_args(false);
    command->add_option("--budget", options->budget, "Memory that the run may use: 8GiB (default: memory.budget, else what the device has)");
    command->add_option("--device", options->device, "Plan for cpu, cuda:N, or a GPU by its name, which need not be here: \"RTX 4090\"");
    command->add_flag("--measure", options->measure, "Make a few real steps in every size of micro-batch that fits: the time is then measured, and the fastest is named");
    command->callback([options, &session] { session.run = [options, &session] { return plan(session, *options); }; });
}

}  // namespace headroom::cli
