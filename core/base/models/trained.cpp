// SPDX-License-Identifier: Apache-2.0
#include "base/models/trained.h"

#include <algorithm>
#include <vector>

#include "base/models/patterns.h"

namespace headroom::models {
namespace {

using graph::Graph;
using graph::ValueId;

Graph withUpdates(const Graph& net, const LoraOptions& lora) { return loraPairs(net, lora).empty() ? net : withLora(net, lora); }

/// What is frozen with these patterns, of a net as it is without.
ParameterNames frozenBy(const Graph& net, std::string_view patterns) {
    const std::vector<Pattern> all = patternsOf(patterns);
    ParameterNames frozen;
    for (const ValueId id : net.parameters())
        if (const graph::Value& value = net.value(id); fitsPatterns(value.name, all, value.frozen)) frozen.insert(value.name);
    return frozen;
}

/// The settings with another set of frozen parameters, which `choose` makes of the one that is.
template <class Choose>
Trained withFrozen(const Graph& net, const Trained& now, const Choose& choose) {
    const Graph updated = withUpdates(net, now.lora);
    ParameterNames frozen = frozenBy(updated, now.freeze);
    choose(updated, frozen);
    return {now.lora, freezingPatterns(updated, frozen, now.freeze)};
}

ParameterNames weightsOf(const std::vector<LoraPair>& pairs) {
    ParameterNames weights;
    for (const LoraPair& each : pairs) weights.insert(each.weight);
    return weights;
}

LoraOptions targeting(const Graph& net, const LoraOptions& now, const ParameterNames& weights) {
    LoraOptions next = now;
    if (weights.empty()) {
        next.rank = 0;
        next.targets = LoraOptions{}.targets;
        return next;
    }
    std::vector<Choice> choices;
    for (const LoraPair& each : possibleLoraPairs(net)) choices.push_back({each.weight, false, weights.contains(each.weight)});
    next.targets = patternsFor(choices, now.rank > 0 ? now.targets : std::string());
    if (next.rank == 0) next.rank = kUsualRank;
    return next;
}

/// Patterns that freeze the rest of the net leave new updates to be trained.
Trained withTargets(const Graph& net, const Trained& now, const ParameterNames& weights) {
    const LoraOptions lora = targeting(net, now.lora, weights);
    const ParameterNames before = weightsOf(loraPairs(net, now.lora));
    const Graph updated = withUpdates(net, lora);
    ParameterNames frozen = frozenBy(updated, now.freeze);
    for (const LoraPair& each : loraPairs(net, lora))
        if (!before.contains(each.weight)) frozen.erase(each.a), frozen.erase(each.b);
    return {lora, freezingPatterns(updated, frozen, now.freeze)};
}

std::string withoutStrangers(const std::vector<std::string>& names, std::string_view patterns) {
    std::vector<Pattern> all = patternsOf(patterns);
    std::erase_if(all, [&](const Pattern& each) { return std::ranges::none_of(names, [&](const std::string& name) { return each.fits(name); }); });
    return textOf(all);
}

}  // namespace

Graph trainedNet(const Graph& net, const Trained& settings) {
    Graph made = withUpdates(net, settings.lora);
    const std::vector<Pattern> patterns = patternsOf(settings.freeze);
    for (const ValueId id : made.parameters()) {
        graph::Value& value = made.value(id);
        value.frozen = fitsPatterns(value.name, patterns, value.frozen);
    }
    return made;
}

Trained freezing(const Graph& net, const Trained& now, const ParameterNames& parameters) {
    return withFrozen(net, now, [&](const Graph&, ParameterNames& frozen) { frozen.insert(parameters.begin(), parameters.end()); });
}

Trained thawing(const Graph& net, const Trained& now, const ParameterNames& parameters) {
    return withFrozen(net, now, [&](const Graph&, ParameterNames& frozen) {
        for (const std::string& each : parameters) frozen.erase(each);
    });
}

Trained trainingAlone(const Graph& net, const Trained& now, const ParameterNames& parameters) {
    return withFrozen(net, now, [&](const Graph& updated, ParameterNames& frozen) {
        frozen.clear();
        for (const ValueId id : updated.parameters())
            if (!parameters.contains(updated.value(id).name)) frozen.insert(updated.value(id).name);
    });
}

ParameterNames updatedBy(const Graph& net, const LoraOptions& settings, const ParameterNames& parameters) {
    ParameterNames weights;
    for (const LoraPair& each : loraPairs(net, settings))
        if (parameters.contains(each.weight) || parameters.contains(each.a) || parameters.contains(each.b)) weights.insert(each.weight);
    return weights;
}

Trained updating(const Graph& net, const Trained& now, const ParameterNames& weights) {
    ParameterNames wanted = weightsOf(loraPairs(net, now.lora));
    wanted.insert(weights.begin(), weights.end());
    return withTargets(net, now, wanted);
}

Trained notUpdating(const Graph& net, const Trained& now, const ParameterNames& weights) {
    ParameterNames wanted = weightsOf(loraPairs(net, now.lora));
    for (const std::string& each : weights) wanted.erase(each);
    return withTargets(net, now, wanted);
}

Trained fittingTo(const Graph& net, const Trained& now) {
    Trained next = now;
    std::vector<std::string> names;
    for (const LoraPair& each : possibleLoraPairs(net)) names.push_back(each.weight);
    next.lora.targets = withoutStrangers(names, now.lora.targets);
    if (loraPairs(net, {.rank = 1, .targets = next.lora.targets}).empty()) next.lora.targets = LoraOptions{}.targets;
    names.clear();
    const Graph updated = withUpdates(net, next.lora);
    for (const ValueId id : updated.parameters()) names.push_back(updated.value(id).name);
    next.freeze = withoutStrangers(names, now.freeze);
    if (frozenBy(updated, next.freeze).size() == names.size()) next.freeze.clear();
    return next;
}

}  // namespace headroom::models
