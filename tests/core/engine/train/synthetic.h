// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/train/trainer.h"

namespace headroom::test {

/// Pictures of 8x8 whose class is where the bright half lies, with noise: learnt in a few steps.
data::Dataset pictures(std::int64_t count = 72, const config::RunConfig::Augment& augment = {2, true});
/// Rows of four numbers, the target one of their sums.
data::Dataset rows(bool regression);
/// A made-up text of a few characters in windows of `context`.
data::Dataset sentences(std::int64_t context);

/// A small run: cnn, 3 epochs of 15 steps.
config::RunConfig smallRun();

/// Hears everything; gives orders, dies or breaks weights after a step.
class ScriptedHost : public train::Host {
public:
    void stepped(const train::StepReport& report) override;
    void evaluated(const train::Position& at, const train::Metrics& metrics) override;
    void checkpointed(const train::Position& at, const std::filesystem::path& file) override;
    void noted(const train::Position& at, std::string_view kind, const std::string& text) override;
    std::vector<train::Order> orders() override;
    void carriedOut(const train::Order& order) override { done.push_back(order.kind); }

    std::int64_t pauseAfter = -1, dieAfter = -1;
    bool memoryIsShort() override;

    std::int64_t shortAt = -1;  ///< step after which the machine is short of memory
    std::function<void(std::int64_t)> onStep;
    std::vector<std::pair<std::int64_t, train::Order>> script;  ///< order after a step

    std::vector<train::StepReport> steps;
    std::vector<std::pair<std::int64_t, train::Metrics>> evaluations;
    std::vector<std::int64_t> checkpoints;
    std::vector<std::string> notes;
    std::vector<train::Order::Kind> done;

private:
    std::int64_t m_step = 0;
};

/// All of a checkpoint, to be written again.
train::CheckpointContent contentOf(const std::filesystem::path& checkpoint);

/// What a killed process leaves behind: nothing but what is on the disk.
struct Killed {};

}  // namespace headroom::test
