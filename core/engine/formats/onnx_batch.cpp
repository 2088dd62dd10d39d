// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"

namespace headroom::formats {
namespace {

using graph::Dim;
using graph::Shape;
using Numbers = std::vector<std::int64_t>;

/// Whether the batch is one of a dimension's factors.
bool holdsBatch(const Dim& dim) {
    return fmt::format("*{}*", dim.name).find(fmt::format("*{}*", OnnxBatch::dim().name)) != std::string::npos;
}

/// The batch stands where it is said to stand, and nowhere else.
bool standsAt(const Shape& shape, const std::optional<BatchPlace>& place) {
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        const bool isHere = place && place->axis == dim;
        if (!isHere && holdsBatch(shape[dim])) return false;
        if (isHere && shape[dim] != graph::product({Dim::fixed(place->outer), OnnxBatch::dim(), Dim::fixed(place->inner)})) return false;
    }
    return !place || place->axis < shape.size();
}

/// Of a target that has the batch's extent of one sample nowhere alone, the dimension that takes it: the one before, unless what follows
/// the batch was split there (width into heads), for then the batch leads what was split off.
std::optional<std::size_t> mergedAt(const Numbers& to, std::int64_t before, std::int64_t next) {
    std::int64_t count = 1;
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (count == before) return i > 0 && to[i] >= next ? i - 1 : i;
        if (before < count * to[i]) return before % count == 0 && to[i] % (before / count) == 0 ? std::optional(i) : std::nullopt;
        count *= to[i];
    }
    return to.empty() ? std::nullopt : std::optional(to.size() - 1);
}

/// The dimension of 1 behind `before` elements: the one at `preferred` where that is such a one.
std::optional<std::size_t> aloneAt(const Numbers& to, std::int64_t before, std::size_t preferred) {
    std::optional<std::size_t> first;
    std::int64_t count = 1;
    for (std::size_t i = 0; i < to.size(); count *= to[i++]) {
        if (count != before || to[i] != 1) continue;
        if (i == preferred) return i;
        if (!first) first = i;
    }
    return first;
}

}  // namespace

std::optional<std::int64_t> extentOfSample(const graph::Dim& dim) {
    if (dim.isFixed()) return dim.extent;
    const std::string batch = OnnxBatch::dim().name;
    if (dim.name == batch) return 1;
    const bool isMultiple = dim.name.ends_with("*" + batch);
    const std::string factor = isMultiple ? dim.name.substr(0, dim.name.size() - batch.size() - 1) : std::string{};
    const bool isNumber = !factor.empty() && factor.size() < 10 && factor.find_first_not_of("0123456789") == std::string::npos;
    return isNumber ? std::optional(static_cast<std::int64_t>(std::stoll(factor))) : std::nullopt;
}

std::int64_t countOf(const Numbers& extents) {
    std::int64_t count = 1;
    for (const std::int64_t extent : extents)
        if (extent < 1 || __builtin_mul_overflow(count, extent, &count)) return 0;
    return count;
}

std::optional<BatchPlace> OnnxBatch::of(graph::ValueId value) const {
    const auto found = m_places.find(value);
    return found == m_places.end() ? std::nullopt : std::optional(found->second);
}

void OnnxBatch::follow(const graph::Graph& graph, const graph::Node& node) {
    BatchPlaces inputs;
    for (const graph::ValueId id : node.inputs) inputs.push_back(of(id));
    const bool isRead = std::ranges::any_of(inputs, [](const auto& place) { return place.has_value(); });
    const auto places = isRead || node.attributes.contains("batch_axis") ? placesAfter(graph, node, inputs) : BatchPlaces(node.outputs.size());
    bool apart = places && places->size() == node.outputs.size();
    for (std::size_t k = 0; apart && k < node.outputs.size(); ++k) {
        apart = standsAt(graph.value(node.outputs[k]).type.shape, (*places)[k]);
        if ((*places)[k]) m_places[node.outputs[k]] = *(*places)[k];
    }
    if (!apart) throw Error(Failure{Code::Cfg09, fmt::format("{} ({})", escaped(node.name), node.op->name), "it may mix samples", {}, {}, {}});
}

std::optional<Numbers> reshapedBatch(const Shape& from, const BatchPlace& place, const Numbers& to) {
    Numbers sample;
    for (std::size_t dim = 0; dim < from.size(); ++dim) {
        if (dim != place.axis && !from[dim].isFixed()) return std::nullopt;
        sample.push_back(dim == place.axis ? place.outer * place.inner : from[dim].extent);
    }
    if (countOf(sample) < 1 || countOf(to) != countOf(sample)) return std::nullopt;
    const auto behind = sample.begin() + static_cast<std::ptrdiff_t>(place.axis);
    const std::int64_t before = std::accumulate(sample.begin(), behind, place.outer, std::multiplies<>());
    const std::int64_t next = place.inner > 1 || behind + 1 == sample.end() ? place.inner : *(behind + 1);
    std::optional<std::size_t> axis = aloneAt(to, before, place.axis);
    if (!axis) axis = mergedAt(to, before, next);
    if (!axis) return std::nullopt;
    Numbers result = to;
    result[*axis] = -1;
    return result;
}

}  // namespace headroom::formats
