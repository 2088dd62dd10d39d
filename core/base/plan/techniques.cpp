// SPDX-License-Identifier: Apache-2.0
#include "base/plan/techniques.h"

#include <algorithm>

#include "base/config/document.h"
#include "base/config/fields.h"

namespace headroom::plan {
namespace {

/// Cheapest to take first.
std::vector<Technique> table() {
    return {
        {"bf16", "bf16 arithmetic", "Activations take half the bytes; parameters and sums stay in fp32.",
         {{"train.precision", "bf16"}}},
        {"prefetch", "One batch ahead", "The loader holds one finished batch in place of several.",
         {{"loader.prefetch", "1"}}},
        {"chunked_loss", "Chunked loss", "The logits are made and differentiated a part at a time, never all at once.",
         {{"memory.chunked_loss", "true"}}},
        {"optimizer_in_backward", "Update while gradients arrive",
         "Each parameter is updated as soon as its gradient is there, which is then dropped.",
         {{"memory.optimizer_in_backward", "true"}}},
        {"state_bf16", "Optimizer state in bf16", "The optimizer's moments take half the bytes.",
         {{"train.optimizer.state", "bf16"}}},
        {"state_8bit", "Optimizer state in 8 bits", "The optimizer's moments take a quarter of the bytes, in blocks of 256.",
         {{"train.optimizer.state", "8bit"}}},
        {"weights_bf16", "bf16 arithmetic and weights", "The weights themselves are kept in bf16 too; every update is rounded at random.",
         {{"train.precision", "bf16"}, {"train.weights", "bf16"}}},
        {"recompute_cheap", "Recompute cheap layers",
         "Norms, activations and additions are computed again in the backward pass in place of being kept.",
         {{"memory.recompute", "cheap"}}},
        {"recompute_blocks", "Recompute blocks",
         "Only the inputs of blocks are kept; what lies inside is computed again in the backward pass.",
         {{"memory.recompute", "blocks"}}},
        {"recompute_auto", "Recompute for the budget",
         "The quickest choice of activations is computed again in the backward pass, just enough for the budget.",
         {{"memory.recompute", "auto"}}},
        {"offload_optimizer", "Offload the optimizer",
         "The optimizer's state lies on the disk (of a GPU: in the machine's memory); updates read and write it there.",
         {{"memory.offload_optimizer", "true"}}},
        {"offload_auto", "Offload for the budget",
         "As few activations as the budget needs wait on the disk (of a GPU: in the machine's memory) until the backward pass.",
         {{"memory.offload", "auto"}}},
        {"offload_activations", "Offload activations",
         "All activations wait on the disk (of a GPU: in the machine's memory) until the backward pass needs them.",
         {{"memory.offload", "activations"}}},
    };
}

bool isKnown(const Setting& setting) {
    const config::Field* field = config::find(setting.path);
    if (!field) return false;
    try {
        return !field->check(config::valueFromText(*field, setting.value));
    } catch (const Error&) {  // not a value of this field
        return false;
    }
}

std::vector<Technique> known() {
    std::vector<Technique> all = table();
    std::erase_if(all, [](const Technique& each) { return !std::ranges::all_of(each.settings, isKnown); });
    return all;
}

bool goTogether(const TechniqueSet& techniques) {
    for (std::size_t i = 0; i < techniques.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (disagree(*techniques[i], *techniques[k])) return false;
    return true;
}

bool hasNewFault(const config::RunConfig& before, const config::RunConfig& after) {
    const std::vector<Failure> old = config::faults(before);
    return std::ranges::any_of(config::faults(after), [&](const Failure& fault) {
        return std::ranges::none_of(
            old, [&](const Failure& known) { return known.code == fault.code && known.subject == fault.subject; });
    });
}

}  // namespace

bool Technique::isOn(const config::RunConfig& config) const {
    return std::ranges::all_of(settings, [&](const Setting& setting) {
        return config::text(config::find(setting.path)->read(config)) == setting.value;
    });
}

const std::vector<Technique>& techniques() {
    static const std::vector<Technique> kKnown = known();
    return kKnown;
}

bool disagree(const Technique& a, const Technique& b) {
    return std::ranges::any_of(a.settings, [&](const Setting& one) {
        return std::ranges::any_of(b.settings, [&](const Setting& other) { return one.path == other.path && one.value != other.value; });
    });
}

std::optional<config::RunConfig> with(const config::RunConfig& config, const TechniqueSet& techniques) {
    if (!goTogether(techniques)) return std::nullopt;
    config::RunConfig changed = config;
    for (const Technique* each : techniques)
        for (const Setting& setting : each->settings) config::set(changed, setting.path, setting.value);
    for (const Technique* each : techniques)
        for (const Setting& setting : each->settings)
            if (!config::find(setting.path)->isRelevant(changed)) return std::nullopt;
    if (hasNewFault(config, changed)) return std::nullopt;
    return changed;
}

}  // namespace headroom::plan
