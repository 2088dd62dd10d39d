// SPDX-License-Identifier: Apache-2.0
#include "engine/data/known_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/errors/error.h"
#include "base/units/units.h"

namespace headroom::data {
namespace {

using Labels = std::vector<std::int32_t>;
constexpr std::int32_t kUnknown = -1;

/// "0", "1", "2" ... in this order: the classes have no names of their own.
bool areIndices(const std::vector<std::string>& classes) {
    for (std::size_t i = 0; i < classes.size(); ++i)
        if (classes[i] != std::to_string(i)) return false;
    return true;
}

/// New label of each old one.
Labels newLabels(const formats::RawDataset& raw, const std::vector<std::string>& known) {
    const bool byNumber = raw.kind == formats::Kind::Pictures && (areIndices(raw.classes) || areIndices(known));
    Labels labels;
    for (std::size_t i = 0; i < raw.classes.size(); ++i) {
        const auto found = byNumber ? known.begin() + static_cast<std::ptrdiff_t>(std::min(i, known.size()))
                                    : std::ranges::find(known, raw.classes[i]);
        labels.push_back(found == known.end() ? kUnknown : static_cast<std::int32_t>(found - known.begin()));
    }
    return labels;
}

/// Samples of each unknown class.
std::map<std::size_t, std::int64_t> unknown(const std::vector<const Labels*>& parts, const Labels& renewed) {
    std::map<std::size_t, std::int64_t> counts;
    for (const Labels* part : parts)
        for (const std::int32_t label : *part)
            if (renewed[static_cast<std::size_t>(label)] == kUnknown) ++counts[static_cast<std::size_t>(label)];
    return counts;
}

std::string listed(const std::map<std::size_t, std::int64_t>& counts, const std::vector<std::string>& classes) {
    constexpr std::size_t kShown = 5;
    std::string text;
    std::size_t shown = 0;
    for (const auto& [label, samples] : counts) {
        if (shown++ == kShown) return text + fmt::format(" and {} more", counts.size() - kShown);
        text += fmt::format("{}\"{}\" in {} {}", shown == 1 ? "" : ", ", escaped(classes[label]), grouped(samples),
                            samples == 1 ? "sample" : "samples");
    }
    return text;
}

void renumber(Labels& labels, const Labels& renewed) {
    for (std::int32_t& label : labels) label = renewed[static_cast<std::size_t>(label)];
}

}  // namespace

void renumberLabels(formats::RawDataset& raw, const std::vector<std::string>& known, const std::string& subject) {
    const Labels renewed = newLabels(raw, known);
    std::vector<Labels*> parts{&raw.pictures.labels, &raw.table.labels};
    if (raw.testPictures) parts.push_back(&raw.testPictures->labels);
    if (const auto counts = unknown({parts.begin(), parts.end()}, renewed); !counts.empty())
        throw Error(Failure{Code::Dat01, subject, "labels that the model does not know", listed(counts, raw.classes),
                            fmt::format("{} {}", known.size(), known.size() == 1 ? "class" : "classes"),
                            "Correct these labels or leave these samples out."});
    for (Labels* part : parts) renumber(*part, renewed);
    raw.classes = known;
}

}  // namespace headroom::data
