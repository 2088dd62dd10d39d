// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/device_model.h"
#include "base/plan/program.h"

namespace headroom::plan {

/// What one node of a graph amounts to.
struct NodeFigures {
    std::int64_t parameters = 0;  ///< elements of those that it reads first
    double forwardFlops = 0, backwardFlops = 0;
    Bytes made = 0;      ///< of the tensors that it makes: outputs that are no views, and what it saves beside them
    double seconds = 0;  ///< least time on the device, as rooflineSeconds(); 0 where its rates are not known
};

/// By NodeId, as `program` runs the graph; in inference nothing is saved and no backward counts.
std::vector<NodeFigures> nodeFigures(const graph::Graph& graph, const Program& program, const DeviceModel& device);

/// Of a graph as it answers, with these extents.
std::vector<NodeFigures> answerFigures(const graph::Graph& graph, const graph::Extents& extents, const DeviceModel& device);

/// Of the products and convolutions of a forward pass with these extents: the figure that papers give for one sample.
std::int64_t multiplyAdds(const graph::Graph& graph, const graph::Extents& extents);

/// Every name of the graph's inputs with the same extent: for graphs whose data nobody knows.
graph::Extents everyExtent(const graph::Graph& graph, std::int64_t extent);

}  // namespace headroom::plan
