// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/op_entry.h"

/// Every operator once more, as plainly as can be: loops over doubles in row-major order.
namespace headroom::test {

/// A tensor of the tests: row-major numbers of a logical shape.
struct Plain {
    std::vector<std::int64_t> shape;
    std::vector<double> data;

    std::int64_t count() const { return static_cast<std::int64_t>(data.size()); }
};

struct OperatorCase {
    std::string name;
    const graph::OpEntry* op = nullptr;
    graph::Attributes attributes;
    std::vector<Plain> inputs;
    std::vector<std::size_t> integers;   ///< inputs that hold whole numbers (indices, targets)
    std::vector<std::size_t> constants;  ///< inputs that are constants of the graph
    std::vector<std::size_t> fixed;      ///< inputs without a gradient (running statistics)
    std::function<std::vector<Plain>(const std::vector<Plain>&)> reference;
};

/// At least one case of every operator.
std::vector<OperatorCase> operatorCases();

/// Numbers between -1 and 1, a function of the seed; no two so close that a small step changes their order.
Plain numbers(std::vector<std::int64_t> shape, std::uint64_t seed);

}  // namespace headroom::test
