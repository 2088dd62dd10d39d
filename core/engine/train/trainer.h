// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/config/run_config.h"
#include "base/plan/step_plan.h"
#include "engine/data/dataset.h"
#include "engine/train/checkpoints.h"
#include "engine/train/ema.h"
#include "engine/train/evaluation.h"
#include "engine/train/host.h"
#include "engine/train/judge.h"
#include "engine/train/model.h"
#include "engine/train/model_file.h"
#include "engine/train/optimizer.h"
#include "engine/train/passes.h"
#include "engine/train/schedule.h"
#include "engine/train/stepper.h"

namespace headroom::train {

struct TrainerOptions {
    std::vector<at::Device> devices{at::Device(at::kCPU)};  ///< the first one computes
    int rank = 0, world = 1;                                ///< this process among those that share the batch
    std::filesystem::path checkpoints;                      ///< folder
    bool resume = false;             ///< go on from the newest checkpoint, if there is one
    bool acceptChangedData = false;  ///< go on although the data changed since the checkpoint
    ModelFile file;                      ///< that the configuration names
    std::int64_t largestMicroBatch = 0;  ///< no larger one, neither to begin with nor later; 0 = as it fits
    /// Called between backward and update with the gradients in the order of the parameters: data-parallel training sums
    /// them over the processes here.
    std::function<void(std::vector<at::Tensor>&)> reduceGradients;
};

struct Outcome {
    enum class Kind { Completed, EarlyStopping, Stopped, Paused } kind = Kind::Completed;
    Position at;
    std::optional<double> trainLoss;  ///< of the last step
    std::optional<Metrics> metrics;   ///< of the last evaluation
    std::string weightsSha256;        ///< of the parameters and buffers as they are now
};

/// Trains one model on one dataset: batches, gradients, update, averages, schedule, evaluation, checkpoints. Resumed from
/// a checkpoint it goes on bit for bit as if it had never stopped (on the CPU).
class Trainer {
public:
    /// Builds the model; with `resume`, restores the newest whole checkpoint. Throws the errors of building, CKP-03 (another
    /// model), CKP-04 (state is missing), CKP-05 (the data changed), CKP-08, MEM-02,
    /// MEM-03.
    Trainer(const config::RunConfig& config, const data::Dataset& dataset, TrainerOptions options, Host& host);
    ~Trainer();

    /// Up to the end, or until the host says otherwise. Throws NUM-01 when the loss is not finite any more, CKP-06 when a
    /// checkpoint cannot be written, MEM-01 when memory runs out even with single samples (after a checkpoint).
    Outcome run();

    Position position() const;
    std::int64_t totalSteps() const { return m_totalSteps; }
    std::int64_t stepsPerEpoch() const { return m_sampler.stepsPerEpoch(); }
    std::int64_t microBatch() const { return m_stepper.microBatch(); }
    /// That the process is to stay within, by process_peak.h; 0: none.
    Bytes budget() const { return m_budget > 0 ? m_budget + m_features : 0; }
    /// What of it the features take that the dataset keeps (plan/kept_features.h); on a GPU nothing.
    Bytes features() const { return m_features; }
    Model& model() { return m_model; }
    const nlohmann::json& environment() const { return m_environment; }

private:
    friend class StateKeeper;
    /// A step whose loss nobody has waited for yet.
    struct Pending {
        Position at;
        double rate;
        at::Tensor loss, norm;
    };

    FirstWeights firstWeights() const;
    data::Sampler makeSampler() const;
    std::int64_t chosenMicroBatch() const;
    std::int64_t wantedMicroBatch() const;
    std::int64_t allowed(std::int64_t microBatch) const;
    std::filesystem::path offloadFolder() const;
    StepperParts stepperParts();
    Bytes keptFeatures() const;
    Bytes chosenBudget() const;
    void enforceBudget() const;
    plan::StepOptions stepOptions() const;
    plan::StepPlan planOf(std::int64_t microBatch, plan::StepOptions step) const;
    void followPlan();
    bool fits(std::int64_t microBatch) const;
    bool recomputeMore();
    bool offloadMore();
    void oneStep();
    Stepper::Made stepOrSave(double rate);
    void saveInNeed();
    void leaveOut(double rate);
    [[noreturn]] void refuseToGoOn(std::int64_t step, double rate) const;
    void readLosses();
    void reportProgress();
    bool evaluationDue() const;
    std::int64_t evaluationBatch();
    void evaluateNow();
    Metrics evaluated();
    bool roomForBest() const;
    void rememberBest();
    void obey(const Order& order);
    bool checkpointDue() const;
    void writeCheckpointNow();
    bool writeBest();

    const config::RunConfig m_config;
    const data::Dataset& m_dataset;
    const TrainerOptions m_options;
    Host& m_host;
    const Checkpoints m_checkpoints;
    std::optional<Checkpoints::Found> m_restored;  ///< until its content is taken over
    Model m_model;
    Passes m_passes;
    const Bytes m_features;  ///< in the budget, beside the steps
    const Bytes m_budget;    ///< of the steps; 0: none
    std::unique_ptr<Optimizer> m_optimizer;
    std::optional<Ema> m_ema;
    const data::Sampler m_sampler;
    const std::int64_t m_totalSteps;
    Schedule m_schedule;
    Stepper m_stepper;
    Judge m_judge;
    nlohmann::json m_environment;

    std::int64_t m_step = 0;  ///< steps done
    std::int64_t m_skipped = 0, m_skippedInARow = 0;
    std::int64_t m_checkpointStep = -1;
    std::vector<Pending> m_pending;
    std::optional<double> m_trainLoss;
    std::optional<Metrics> m_metrics;
    std::optional<CheckpointContent> m_best;  ///< found, but not yet on the disk
    std::optional<Outcome::Kind> m_end;

    using Clock = std::chrono::steady_clock;
    Clock::time_point m_lastCheckpoint, m_lastProgress;
    std::int64_t m_samplesAtProgress = 0;
};

}  // namespace headroom::train
