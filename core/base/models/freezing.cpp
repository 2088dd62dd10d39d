// SPDX-License-Identifier: Apache-2.0
#include "base/models/freezing.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/errors/error.h"
#include "base/models/patterns.h"

namespace headroom::models {

void freeze(graph::Graph& graph, std::string_view patterns) {
    for (const Pattern& pattern : patternsOf(patterns)) {
        bool fits = false;
        for (const graph::ValueId id : graph.parameters()) {
            graph::Value& value = graph.value(id);
            if (!pattern.fits(value.name)) continue;
            value.frozen = !pattern.takesOut;
            fits = true;
        }
        if (!fits)
            throw Error(Failure{Code::Cfg09, "train.freeze", "no parameter has such a name", escaped(pattern.text),
                                fmt::format("{} and others", escaped(graph.value(graph.parameters().front()).name)), {}});
    }
    if (graph.trained().empty() && !graph.parameters().empty())
        throw Error(Failure{Code::Cfg09, "train.freeze", "nothing is left to train", std::string(patterns), {}, "Leave the head out: add !head.* to the patterns."});
}

ParameterNames frozenOf(const graph::Graph& graph) {
    ParameterNames names;
    for (const graph::ValueId id : graph.parameters())
        if (graph.value(id).frozen) names.insert(graph.value(id).name);
    return names;
}

std::string freezingPatterns(const graph::Graph& graph, const ParameterNames& frozen, std::string_view kept) {
    std::vector<Choice> choices;
    for (const graph::ValueId id : graph.parameters()) {
        const graph::Value& value = graph.value(id);
        choices.push_back({value.name, value.frozen, frozen.contains(value.name)});
    }
    return patternsFor(choices, kept);
}

}  // namespace headroom::models
