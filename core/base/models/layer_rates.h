// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/graph/graph.h"

namespace headroom::models {

/// By ValueId, the share of the learning rate that a trained parameter gets: decay^k where k layers lie between it and the last one
/// (as in Howard, Ruder, arXiv 1801.06146). A block of the graph is a layer, and in a file's graph what the names of nodes
/// number ("/layer1/layer1.0/"); outside of those every node with a matrix or kernel of its own begins one. Parameters without such belong to the layer before them. Others: 1.
std::vector<double> layerRates(const graph::Graph& graph, double decay);

}  // namespace headroom::models
