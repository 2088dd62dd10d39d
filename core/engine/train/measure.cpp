// SPDX-License-Identifier: Apache-2.0
#include "engine/train/measure.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/plan/kept_features.h"
#include "base/plan/process_peak.h"
#include "base/plan/training_step.h"
#include "engine/data/dataset.h"
#include "engine/run/device.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "engine/train/features.h"
#include "engine/train/model_file.h"
#include "engine/train/stepper.h"

namespace headroom::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLeastSteps = 3, kMostSteps = 20;  // and one before them that nobody times
constexpr double kEnoughSeconds = 2;             // of one size
constexpr double kRate = 0;                      // the weights stay as they are

/// A run without its store: nothing of it is kept.
class Measurement {
public:
    Measurement(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file, at::Device device)
        : m_config(config), m_dataset(dataset), m_model(config, {dataset.shape, file.graph}, device),
          m_passes(m_model, plan::precisionOf(config), dataset.shape.context),
          m_folder(config::offloadFolder(config, std::filesystem::temp_directory_path())), m_optimizer(optimizerOf(config, m_model, m_folder)) {
        if (config.train.ema > 0) m_ema.emplace(m_model.weights(), m_model.buffers(), config.train.ema);
    }

    const graph::Graph& graph() const { return m_model.step(); }
    /// Seconds of each step; nothing where memory ran out. `budget` 0: none.
    std::optional<std::vector<double>> seconds(std::int64_t microBatch, Bytes budget) {
        const plan::StepPlan planned = planOf(microBatch, budget);
        m_passes.setRecompute(planned.recompute);
        m_passes.setOffload(planned.offload, m_folder);
        try {
            return timed(microBatch);
        } catch (const Error& error) {
            if (error.code() != Code::Mem01) throw;
            return std::nullopt;
        }
    }

private:
    plan::StepPlan planOf(std::int64_t microBatch, Bytes budget) const {
        plan::StepOptions step = plan::stepOptions(m_config, m_dataset.shape, kindOf(m_model.device()));
        step.budget = budget;
        plan::divide(step, m_config.train.batchSize, microBatch);
        return plan::plan(m_model.step(), step);
    }

    std::vector<double> timed(std::int64_t microBatch) {
        bool isWhole = true;
        Stepper stepper({.config = m_config, .dataset = m_dataset, .model = m_model, .passes = m_passes, .optimizer = *m_optimizer,
                         .ema = m_ema ? &*m_ema : nullptr, .reduceGradients = {}, .fits = [](std::int64_t) { return false; },
                         .recomputeMore = {}, .offloadMore = {}, .letGo = {}, .note = [&](std::string_view, const std::string&) { isWhole = false; }},
                        {.size = m_dataset.training->size(), .batch = m_config.train.batchSize, .microBatch = microBatch,
                         .seed = static_cast<std::uint64_t>(m_config.train.seed)},
                        microBatch);
        stepper.start(0, kMostSteps + 1);
        std::vector<double> seconds;
        double all = 0;
        for (int step = 0; step <= kMostSteps && (step <= kLeastSteps || all < kEnoughSeconds); ++step) {
            const Clock::time_point begin = Clock::now();
            stepper.step(step, kRate);
            run::synchronise(m_model.device());
            const double taken = std::chrono::duration<double>(Clock::now() - begin).count();
            if (!isWhole) throw Error(Failure{Code::Mem01, "measure", "out of memory", {}, {}, {}});
            if (step > 0) seconds.push_back(taken), all += taken;
        }
        return seconds;
    }

    const config::RunConfig& m_config;
    const data::Dataset& m_dataset;
    Model m_model;
    Passes m_passes;
    const std::filesystem::path m_folder;  ///< for what lies outside of memory
    std::unique_ptr<Optimizer> m_optimizer;
    std::optional<Ema> m_ema;
};

nlohmann::json figures(std::int64_t microBatch, std::optional<std::vector<double>> seconds, std::int64_t batch, Bytes peak) {
    nlohmann::json found{{"micro_batch", microBatch}};
    if (!seconds) return found;
    std::ranges::sort(*seconds);
    const double median = (*seconds)[seconds->size() / 2];
    found["step_s"] = {seconds->front(), median, seconds->back()};
    found["samples_per_s"] = static_cast<double>(batch) / median;
    found["peak_bytes"] = peak;
    return found;
}

/// The blank features that are measured on take nothing; those of a run would.
Bytes budgetBesideFeatures(const config::RunConfig& config, const data::Dataset& whole, const ModelFile& file) {
    const std::int64_t samples = whole.training->size() + (whole.validation ? whole.validation->size() : 0);
    const Bytes kept = config.train.cacheFeatures ? plan::keptFeatures(config, plan::netOf(config, {whole.shape, file.graph}), whole.shape, samples) : 0;
    plan::requireFeaturesFit(kept, plan::budgetFor(config, availableMemory(graph::DeviceKind::Cpu)));
    return plan::budgetFor(plan::besideFeatures(config, kept), availableMemory(graph::DeviceKind::Cpu) - kept);
}

}  // namespace

nlohmann::json measure(const config::RunConfig& config, std::span<const std::int64_t> microBatches) {
    tensor::installAllocator();
    setComputeThreads();
    const ModelFile file = readModelFile(config);
    const data::Dataset whole = data::load(data::preparationOf(config, file.graph.get()));
    std::optional<data::Dataset> features;
    if (config.train.cacheFeatures) features = blankFeatures(config, whole, file);
    const data::Dataset& dataset = features ? *features : whole;
    const graph::DeviceKind kind = plan::deviceKind(config);
    const at::Device device = kind == graph::DeviceKind::Cpu ? at::Device(at::kCPU) : at::Device(config.device);
    const Bytes budget = kind == graph::DeviceKind::Cpu ? budgetBesideFeatures(config, whole, file) : 0;
    Measurement measurement(config, dataset, file, device);
    if (budget > 0) tensor::setMemoryBudget(plan::poolBudget(measurement.graph(), kind, budget));
    nlohmann::json all = nlohmann::json::array();
    for (const std::int64_t size : microBatches) {
        tensor::resetPeak();
        auto seconds = measurement.seconds(size, budget);
        all.push_back(figures(size, std::move(seconds), config.train.batchSize, tensor::memoryCounts().peakTotal));
    }
    return all;
}

}  // namespace headroom::train
