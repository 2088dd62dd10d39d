// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "base/graph/graph.h"

namespace headroom::graph {

/// The whole graph as a document, versioned, for another process or a file:
/// `{"format": "headroom-graph", "version": 1, "name", "values": [...], "nodes": [...], "outputs": [ids]}`.
/// `values` are inputs, parameters, buffers and constants by rising `id`; `nodes` name the ids of what they read (null: absent) and
/// make. Attributes carry their type: `{"integers": [3, 3]}`. Numbers that are not finite are "nan", "inf", "-inf"; text that is
/// not UTF-8 is `{"hex": "c3"}`. Weights are no part of it.
nlohmann::json toJson(const Graph& graph);

/// The graph of such a document: the same ids, order and names. Everything is checked, the document may be hostile. Throws Error,
/// whose subject is the place ("nodes/3/inputs/0"): CFG-04 (wrong type, missing or out of range), CFG-07 (unknown key), CFG-08
/// (newer version), CFG-09 (a node that its operator refuses), ONX-04 and ONX-06 (sizes), ONX-09 (an id or a name undefined or
/// twice defined), ONX-10 (unknown operator).
Graph graphFromJson(const nlohmann::json& document);

}  // namespace headroom::graph
