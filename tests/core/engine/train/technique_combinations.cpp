// SPDX-License-Identifier: Apache-2.0
#include "technique_combinations.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/config/document.h"

namespace headroom::test {
namespace {

using config::RunConfig;

struct Choice {
    std::string_view name;  ///< empty: as it is
    void (*apply)(RunConfig&) = [](RunConfig&) {};
};
using Axis = std::vector<Choice>;

/// One choice of each is taken.
const std::vector<Axis>& axes() {
    static const std::vector<Axis> kAxes = {
        {{""},
         {"bf16", [](RunConfig& c) { c.train.precision = "bf16"; }},
         {"bf16 weights", [](RunConfig& c) { c.train.precision = c.train.weights = "bf16", c.train.ema = 0; }}},
        {{""},
         {"state of bf16", [](RunConfig& c) { c.train.optimizer.state = "bf16"; }},
         {"8 bits", [](RunConfig& c) { c.train.optimizer.state = "8bit"; }}},
        {{""},
         {"cheap", [](RunConfig& c) { c.memory.recompute = "cheap"; }},
         {"blocks", [](RunConfig& c) { c.memory.recompute = "blocks"; }}},
        {{""},
         {"accumulation", [](RunConfig& c) { c.train.microBatch = 4; }},
         {"in the backward pass", [](RunConfig& c) { c = inBackward(c); }}},
        {{""}, {"chunked loss", [](RunConfig& c) { c.memory.chunkedLoss = true; }}},
        {{""}, {"offloaded", [](RunConfig& c) { c.memory.offload = "activations"; }}},
        {{""}, {"optimizer outside", [](RunConfig& c) { c.memory.offloadOptimizer = true; }}},
    };
    return kAxes;
}

using Pick = std::vector<std::size_t>;  ///< the choice of each axis

Combination combinationOf(std::string_view arch, const Pick& pick) {
    Combination made{{}, runOf(arch, "adamw")};
    for (std::size_t i = 0; i < pick.size(); ++i) {
        const Choice& choice = axes()[i][pick[i]];
        choice.apply(made.config);
        if (!choice.name.empty()) made.name += (made.name.empty() ? "" : ", ") + std::string(choice.name);
    }
    if (made.name.empty()) made.name = "plain";
    return made;
}

std::vector<Pick> allPicks() {
    std::vector<Pick> all{{}};
    for (const Axis& axis : axes()) {
        std::vector<Pick> longer;
        for (const Pick& pick : all)
            for (std::size_t choice = 0; choice < axis.size(); ++choice) {
                longer.push_back(pick);
                longer.back().push_back(choice);
            }
        all = std::move(longer);
    }
    std::erase_if(all, [](const Pick& pick) { return !config::faults(combinationOf("mlp", pick).config).empty(); });
    return all;
}

using Pair = std::array<std::size_t, 4>;  ///< two axes with their choices

std::set<Pair> pairsOf(const Pick& pick) {
    std::set<Pair> pairs;
    for (std::size_t i = 0; i < pick.size(); ++i)
        for (std::size_t k = 0; k < i; ++k) pairs.insert({k, pick[k], i, pick[i]});
    return pairs;
}

}  // namespace

RunConfig runOf(std::string_view arch, std::string_view optimizer, std::int64_t microBatch) {
    RunConfig config;
    config.model.arch = arch;
    config.model.dropout = 0.1;
    config.data.path = "made up";
    config.train.batchSize = 8;
    config.train.microBatch = microBatch;
    config.train.optimizer.name = optimizer;
    config.train.clipNorm = 1;
    config.train.ema = 0.9;
    config.train.onNan = "skip";
    config.loader.threads = 0;
    return config;
}

RunConfig inBackward(RunConfig config) {
    config.memory.optimizerInBackward = true;
    config.train.clipNorm = 0;
    config.train.onNan = "stop";
    return config;
}

RunConfig combined(std::string_view arch, const std::vector<std::string_view>& techniques) {
    RunConfig config = runOf(arch, "adamw");
    for (const std::string_view name : techniques)
        for (const Axis& axis : axes())
            for (const Choice& choice : axis)
                if (choice.name == name) choice.apply(config);
    return config;
}

std::vector<Combination> allCombinations(std::string_view arch) {
    std::vector<Combination> all;
    for (const Pick& pick : allPicks()) all.push_back(combinationOf(arch, pick));
    return all;
}

std::vector<Combination> pairs(std::string_view arch) {
    const std::vector<Pick> all = allPicks();
    std::set<Pair> missing;
    for (const Pick& pick : all) missing.merge(pairsOf(pick));
    std::vector<Combination> chosen;
    while (!missing.empty()) {
        const auto added = [&](const Pick& pick) {
            return std::ranges::count_if(pairsOf(pick), [&](const Pair& pair) { return missing.contains(pair); });
        };
        const Pick& best = *std::ranges::max_element(all, {}, added);
        for (const Pair& pair : pairsOf(best)) missing.erase(pair);
        chosen.push_back(combinationOf(arch, best));
    }
    return chosen;
}

}  // namespace headroom::test
