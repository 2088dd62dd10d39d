// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::graph {

/// A tensor in plain memory: row-major, little-endian. Weights beside a Graph lie in such, by the names of its values.
struct HostTensor {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
};

}  // namespace headroom::graph
