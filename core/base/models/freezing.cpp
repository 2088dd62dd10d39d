// SPDX-License-Identifier: Apache-2.0
#include "base/models/freezing.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <string>
#include <vector>

#include "base/errors/error.h"

namespace headroom::models {
namespace {

std::vector<std::string> words(std::string_view text) {
    constexpr std::string_view kBetween = ", \t\n";
    std::vector<std::string> all;
    for (std::size_t from = text.find_first_not_of(kBetween); from != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(kBetween, from), text.size());
        all.emplace_back(text.substr(from, end - from));
        from = text.find_first_not_of(kBetween, end);
    }
    return all;
}

struct Pattern {
    std::string text;
    bool takesOut = false;

    bool fits(const std::string& name) const { return ::fnmatch(text.c_str(), name.c_str(), 0) == 0; }
};

std::vector<Pattern> patternsOf(std::string_view text) {
    std::vector<Pattern> all;
    for (const std::string& word : words(text)) all.push_back({word.substr(word.front() == '!' ? 1 : 0), word.front() == '!'});
    return all;
}

}  // namespace

bool fitsPatterns(const std::string& name, std::string_view patterns) {
    bool fits = false;
    for (const Pattern& pattern : patternsOf(patterns))
        if (pattern.fits(name)) fits = !pattern.takesOut;
    return fits;
}

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

}  // namespace headroom::models
