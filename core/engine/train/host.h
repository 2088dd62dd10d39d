// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::train {

/// Where in the run something happened.
struct Position {
    std::int64_t step = 0;     ///< optimizer steps done
    double epoch = 0;          ///< passes over the training data, with fraction
    std::int64_t samples = 0;  ///< training samples seen
};

struct StepReport {
    Position at;
    double loss = 0;  ///< mean over the samples (tokens) of the step
    double rate = 0;  ///< learning rate used
    std::optional<double> gradientNorm;
};

/// Figures of one evaluation, on the whole validation part.
struct Metrics {
    double loss = 0;  ///< mean over samples, tokens or pixels
    std::optional<double> accuracy{};  ///< 0 to 1; classes, tokens and pixels
    std::optional<double> miou{};      ///< 0 to 1; of masks: the mean over the classes that occur of intersection over union
    std::optional<double> r2{};        ///< of the values as they stand in the data
};

/// Something asked of a running training.
struct Order {
    enum class Kind { Pause, Stop, Checkpoint, LearningRate } kind = Kind::Pause;
    double value = 0;     ///< LearningRate
    std::int64_t id = 0;  ///< the asker's
};

/// The world around a training: hears what happens and says what is wanted. Called from the training thread, between
/// steps; nothing but checkpointing() may block.
class Host {
public:
    virtual ~Host() = default;
    virtual void stepped(const StepReport&) {}
    /// A few times a second.
    virtual void progressed(const Position&, double /*samplesPerSecond*/) {}
    virtual void evaluated(const Position&, const Metrics&) {}
    /// Everything heard so far has to be safe when this returns: a run that goes on from the checkpoint does not say it again.
    virtual void checkpointing(const Position&) {}
    virtual void checkpointed(const Position&, const std::filesystem::path&) {}
    /// "warning", "resume", "lr" ...; a sentence for the log.
    virtual void noted(const Position&, std::string_view /*kind*/, const std::string& /*text*/) {}
    /// New orders since the last call.
    virtual std::vector<Order> orders() { return {}; }
    virtual void carriedOut(const Order&) {}
    /// Whether the machine ran short of memory since the last call: the training then keeps less.
    virtual bool memoryIsShort() { return false; }
};

}  // namespace headroom::train
