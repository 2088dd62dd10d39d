// SPDX-License-Identifier: Apache-2.0
#include "worker/training_run.h"

#include <ATen/core/Tensor.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/config/document.h"
#include "base/graph/summary.h"
#include "base/process/high_water.h"
#include "base/store/project.h"
#include "base/store/resume_terms.h"
#include "base/store/run_link.h"
#include "base/store/run_writer.h"
#include "engine/data/kept_data.h"
#include "engine/run/device.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "engine/train/features.h"
#include "engine/train/trainer.h"
#include "engine/train/warm_up.h"
#include "worker/last_word.h"
#include "worker/monitor.h"
#include "worker/receipt.h"
#include "worker/run_host.h"
#include "worker/signals.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

/// Standard output and error go to the run's own log from here on.
void redirectOutput(const store::RunFolder& folder) {
    const int log = ::open(folder.log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return;  // a log that cannot be written does not hold a training up
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::close(log);
}

config::RunConfig readConfig(const store::RunFolder& folder) {
    std::ifstream file(folder.config());
    if (!file) throw Error(Failure{Code::Run01, folder.id(), "the run's configuration is missing", {}, {}, {}});
    return config::parse(std::string(std::istreambuf_iterator<char>(file), {}), "config.json");
}

at::Device deviceOf(const std::string& name, bool deterministic) {
    if (name == "cpu") return at::Device(at::kCPU);
    std::string reason;
    const int devices = run::cudaDevices(&reason);
    const at::Device device(name);
    if (devices == 0) throw Error(Failure{Code::Dev01, name, reason, {}, {}, "Choose device cpu."});
    if (device.index() >= devices)
        throw Error(Failure{Code::Cfg14, "device", "the device is not here", name, fmt::format("cuda:0 to cuda:{}", devices - 1), {}});
    if (deterministic) run::useDeterministicAlgorithms();
    return device;
}

/// One run with everything that lives as long as it.
class Session {
public:
    Session(const store::Home& home, const store::RunFolder& folder, const std::string& device)
        : m_folder(folder), m_device(device), m_writer(folder), m_link(store::Project::open(folder.project()), m_writer),
          m_monitor(m_writer, device), m_host(m_writer, m_link, m_monitor), m_receipt(home.calibration(), m_writer) {}

    int run() {
        const double begin = wallTimeNow();
        const double before = m_writer.summary().wallSeconds;
        int status = 0;
        const auto end = [&](const auto& how) {
            measure(before + wallTimeNow() - begin);
            status = finish(how);
        };
        try {
            end(train());
        } catch (const Interrupted&) {
            end(m_host.interrupted());
        } catch (...) {
            end(translated(std::current_exception()));
        }
        m_host.answerEnding();
        return status;
    }

private:
    train::Outcome train() {
        const config::RunConfig config = readConfig(m_folder);
        const GoesOn goesOn = [this] { return m_host.goesOn(); };
        // The data is decoded while LibTorch and the device start.
        auto reading = std::async(std::launch::async, [&] {
            const train::ModelFile file = train::modelFileOf(config, m_folder.graph(), m_folder.checkpoints());
            data::Preparation preparation = data::preparationOf(config, file.graph.get());
            preparation.goesOn = goesOn;
            return std::pair(file, data::load(preparation));
        });
        const at::Device device = deviceOf(m_device, config.train.deterministic);
        tensor::installAllocator();
        train::setComputeThreads();
        const auto [file, whole] = reading.get();
        requireGoesOn(goesOn);
        data::keepData(data::keptFolder(m_folder.path()), whole, data::preparationOf(config, file.graph.get()));
        std::optional<data::Dataset> features;
        if (config.train.cacheFeatures) features = train::featuresOf(config, whole, file, device, goesOn);
        const data::Dataset& dataset = features ? *features : whole;
        if (device.is_cpu()) train::warmUp(config, dataset, file, m_folder.checkpoints());
        m_growth.emplace();
        tensor::resetPeak();
        train::TrainerOptions options;
        options.devices = {device};
        options.checkpoints = m_folder.checkpoints();
        options.resume = true;
        options.file = file;
        const store::ResumeTerms terms = store::takeTerms(m_folder);
        options.acceptChangedData = terms.acceptChangedData;
        options.largestMicroBatch = terms.largestMicroBatch;
        train::Trainer trainer(config, dataset, options, m_host);
        m_features = trainer.features();
        // Before the rewind, which commits: whatever ends the first step, what it worked with is known.
        m_host.plan(trainer.totalSteps(), config.train.batchSize, [&trainer] { return trainer.microBatch(); });
        rewindTo(trainer.position());
        if (terms.largestMicroBatch > 0) tellOfRescue(trainer);
        describe(config, dataset, trainer);
        const std::int64_t validation = dataset.validation ? dataset.validation->size() : 0;
        m_receipt.predict(config, {dataset.shape, dataset.training->size(), validation, file.graph}, m_device, trainer.microBatch(), trainer.budget());
        m_host.startClock(trainer.position());
        const train::Outcome outcome = trainer.run();
        m_writer.setFact("memory", {{"process_growth", m_growth->most()},
                                    {"tensors_peak", tensor::memoryCounts().peakTotal}});
        m_trained = true;
        return outcome;
    }

    /// What the session took, for the record.
    void measure(double wallSeconds) {
        m_monitor.stop();
        m_writer.setFact("wall_s", wallSeconds);
        plan::RunFigures measured{.stepSeconds = m_host.stepSeconds(), .runSeconds = wallSeconds};
        if (m_device == "cpu") {
            measured.peak = tensor::memoryCounts().peakTotal;
            if (m_growth) measured.processPeak = m_features + m_growth->most();  // which are there when it begins
        } else if (run::cudaDevices() > 0) {
            measured.peak = run::deviceMemory(at::Device(m_device)).peakAllocated;
        }
        m_receipt.measure(measured, m_host.stepsDone(), m_monitor.others());
    }

    /// The checkpoint decides where training goes on, and the record says where that is not where it ended.
    void rewindTo(const train::Position& at) {
        const std::int64_t recorded = m_writer.recordedStep();
        m_writer.rewindTo(at.step);
        if (recorded > at.step)
            m_host.noted(at, "resume", fmt::format("The steps {} to {} are made again: the checkpoint is of step {}.", at.step + 1, recorded, at.step));
        if (recorded < at.step)
            m_host.noted(at, "warning", fmt::format("The record ends at step {}, the checkpoint is of step {}: training goes on from the "
                                                    "checkpoint, the figures between are missing.", recorded, at.step));
    }

    void tellOfRescue(const train::Trainer& trainer) {
        m_host.noted(trainer.position(), "memory",
                     fmt::format("The kernel ended the worker for want of memory; training went on from step {} with micro-batch {}.",
                                 trainer.position().step, trainer.microBatch()));
    }

    void describe(const config::RunConfig& config, const data::Dataset& dataset, train::Trainer& trainer) {
        for (const std::string& note : dataset.notes) m_host.noted(trainer.position(), "warning", note);
        m_writer.setFact("classes", dataset.classes);
        m_writer.setFact("reference", dataset.reference);
        m_writer.setFact("data", {{"format", dataset.format},
                                  {"fingerprint", dataset.fingerprint},
                                  {"training", dataset.training->size()},
                                  {"validation", dataset.validation ? dataset.validation->size() : 0}});
        m_writer.setFact("graph", {{"arch", config::modelName(config)},
                                   {"parameters", trainer.model().plain().parameterCount()},
                                   {"trained", graph::trainedCount(trainer.model().training())},
                                   {"nodes", trainer.model().plain().nodes().size()}});
        m_writer.setFact("environment", trainer.environment());
        m_writer.setFact("device", m_device);
    }

    int finish(const train::Outcome& outcome) {
        using Kind = train::Outcome::Kind;
        const nlohmann::json metrics = m_trained ? metricsOf(outcome.trainLoss, outcome.metrics) : nlohmann::json(m_writer.summary().metrics);
        if (m_trained) m_writer.setFact("weights_sha256", outcome.weightsSha256);
        switch (outcome.kind) {
            case Kind::Completed: m_writer.finish(store::EndState::Finished, "completed", metrics); break;
            case Kind::EarlyStopping: m_writer.finish(store::EndState::Finished, "early stopping", metrics); break;
            case Kind::Stopped: m_writer.finish(store::EndState::Finished, "stopped", metrics); break;
            case Kind::Paused: m_writer.finish(store::EndState::Paused, caughtSignal() ? "signal" : "paused", metrics); break;
        }
        return outcome.kind == Kind::Paused && caughtSignal() ? exitStatusOf(caughtSignal()) : 0;
    }

    int finish(const Error& error) {
        const CodeInfo& code = info(error.code());
        fmt::print(stderr, "{}: {}\n", code.text, error.what());
        const auto state = error.code() == Code::Num01   ? store::EndState::Diverged
                           : error.code() == Code::Ckp06 ? store::EndState::Paused
                                                         : store::EndState::Failed;
        m_writer.finish(state, error.what(), nlohmann::json(m_writer.summary().metrics), code.text);
        return static_cast<int>(code.exit);
    }

    const store::RunFolder m_folder;
    const std::string m_device;
    store::RunWriter m_writer;
    store::RunLink m_link;
    Monitor m_monitor;
    RunHost m_host;
    Receipt m_receipt;
    bool m_trained = false;
    std::optional<process::MemoryGrowth> m_growth;  ///< since the worker was warmed, its data read
    Bytes m_features = 0;  ///< kept in the budget
};

}  // namespace

int trainRun(const store::Home& home, const store::RunFolder& folder, const std::string& device, const std::function<void()>& started) {
    Session session(home, folder, device);
    LastWord lastWord(folder);
    started();
    redirectOutput(folder);
    const int status = session.run();
    lastWord.ended();
    return status;
}

}  // namespace headroom::worker
