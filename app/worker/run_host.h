// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "base/store/run_link.h"
#include "base/store/run_writer.h"
#include "base/telemetry/step_clock.h"
#include "engine/train/host.h"
#include "engine/train/trainer.h"
#include "worker/monitor.h"

namespace headroom::worker {

/// Writes what happens in a training into the run's database, and brings requests and signals to it.
class RunHost : public train::Host {
public:
    RunHost(store::RunWriter& writer, store::RunLink& link, Monitor& monitor);

    /// Before training: false where a signal or a request wants the run to end. Everything else waits for orders().
    bool goesOn();
    /// The outcome of a run that was not to go on; what asked for it counts as carried out.
    train::Outcome interrupted();
    /// After the end record: answers what asked for it.
    void answerEnding();
    /// Before training: how far it is to the end, for the time that is left, and where the micro-batch is asked for, which
    /// may change.
    void plan(std::int64_t totalSteps, std::int64_t batch, std::function<std::int64_t()> microBatch);

    /// Right before the first step of the session.
    void startClock(const train::Position& at);
    /// Median seconds of a step of this session; nothing where none was made.
    std::optional<double> stepSeconds() const { return m_clock.median(); }
    std::int64_t stepsDone() const { return m_stepsDone; }  ///< of this session

    void stepped(const train::StepReport& report) override;
    void progressed(const train::Position& at, double samplesPerSecond) override;
    void evaluated(const train::Position& at, const train::Metrics& metrics) override;
    void checkpointing(const train::Position& at) override;
    void checkpointed(const train::Position& at, const std::filesystem::path& file) override;
    void noted(const train::Position& at, std::string_view kind, const std::string& text) override;
    std::vector<train::Order> orders() override;
    void carriedOut(const train::Order& order) override;
    bool memoryIsShort() override { return m_monitor.takeShortage(); }

private:
    static store::Moment moment(const train::Position& at);
    nlohmann::json progress(const train::Position& at) const;
    void recordMicroBatch();

    store::RunWriter& m_writer;
    store::RunLink& m_link;
    Monitor& m_monitor;
    store::SeriesId m_loss, m_rate, m_speed;
    std::int64_t m_totalSteps = 0, m_batch = 1, m_microBatch = 0;
    std::function<std::int64_t()> m_microBatchNow;
    double m_smoothedSpeed = 0;
    telemetry::StepClock m_clock;
    std::int64_t m_stepsDone = 0;
    bool m_signalled = false;
    std::vector<train::Order> m_early;   ///< that came before training
    std::vector<std::int64_t> m_ending;  ///< requests that the end of the run answers
};

/// Last values for the end record: train_loss val_loss val_accuracy val_miou val_r2.
nlohmann::json metricsOf(const std::optional<double>& trainLoss, const std::optional<train::Metrics>& metrics);

}  // namespace headroom::worker
