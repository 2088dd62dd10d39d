// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::formats {

/// A node as it stands in the file.
struct OnnxNode {
    std::string op, name;
    std::vector<std::string> inputs, outputs;
    graph::Attributes attributes;
};

/// Small data that lowering adds: whole numbers or fp32 numbers.
struct OnnxConstant {
    std::string name;
    std::vector<std::int64_t> numbers{};
    bool scalar = false;  ///< of rank 0
    bool real = false;
    float value = 0;
    std::vector<float> reals{};         ///< in place of `value`, where there are some
    std::vector<std::int64_t> shape{};  ///< of reals
};

struct OnnxNodes {
    std::vector<OnnxNode> nodes;
    std::vector<OnnxConstant> constants;
};

/// Nodes of the standard operators of `opset` that compute the graph in inference. Throws Error EXP-01, which names all
/// operators that cannot be written.
OnnxNodes lowerToOpset(const graph::Graph& graph, int opset);

}  // namespace headroom::formats
