// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::formats {

/// Where the samples stand in a value: its dimension `axis` is outer * batch * inner, all others are of one sample.
struct BatchPlace {
    std::size_t axis = 0;
    std::int64_t outer = 1, inner = 1;

    bool isAlone() const { return outer == 1 && inner == 1; }
    bool operator==(const BatchPlace&) const = default;
};
using BatchPlaces = std::vector<std::optional<BatchPlace>>;

/// Follows the batch of a file that was written for one sample through the nodes of its graph while that is built. A batch is
/// free only where every node that reads of it is known to compute each sample alone: an operator without a rule here mixes.
class OnnxBatch {
public:
    static graph::Dim dim() { return graph::Dim::named("batch"); }

    void start(graph::ValueId input) { m_places[input] = {}; }
    /// Notes where the batch of a node's outputs stands. Throws Error CFG-09 where the node may mix samples.
    void follow(const graph::Graph& graph, const graph::Node& node);
    /// Nothing where a value is the same for all samples.
    std::optional<BatchPlace> of(graph::ValueId value) const;

private:
    std::map<graph::ValueId, BatchPlace> m_places;
};

/// The extent that a dimension has for one sample; nothing where it has another name besides the batch's.
std::optional<std::int64_t> extentOfSample(const graph::Dim& dim);

/// How many elements these extents make; 0 where one is less than 1, or they are beyond counting.
std::int64_t countOf(const std::vector<std::int64_t>& extents);

/// A new shape that was written for one sample, for a value whose batch stands at `place`: the dimension that takes the batch is -1.
/// `from` is the value's shape. Nothing where samples would not stay whole, or where another dimension has a name.
std::optional<std::vector<std::int64_t>> reshapedBatch(const graph::Shape& from, const BatchPlace& place, const std::vector<std::int64_t>& to);

/// Where the batch of every output of a node stands, by the place in every input; one that is absent is for all samples.
/// Nothing where the operator is not known to keep the samples apart there.
std::optional<BatchPlaces> placesAfter(const graph::Graph& graph, const graph::Node& node, const BatchPlaces& inputs);

}  // namespace headroom::formats
