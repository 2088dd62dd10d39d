// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/op_entry.h"

namespace headroom::test {

/// One operator with inputs and attributes that suit it: shapes, gradients and precisions are checked over all of them.
/// Inputs: "batch,3,8" numbers between -1 and 1, "p:3,4" between 1 and 2, "i:2,3" 0 and 1 as int64, "u:2,3" bytes, "b:2" truth
/// values; constants "=-1,128" of whole numbers, "#7" of one without dimensions, "~0.5,2" of real ones; "" absent.
struct OperatorRow {
    std::string op;
    std::vector<std::string> inputs;
    graph::Attributes attributes;
    std::string output;  ///< shape of the first output; "" means refused
    int outputs = 0;     ///< of an operator whose last outputs are optional, how many there are
};

/// The operators of whole families (those with entries and kernels in tables).
const std::vector<OperatorRow>& operatorRows();

/// Its entry, of ONNX or our own.
const graph::OpEntry* entryOf(const OperatorRow& row);

/// The input as an input or constant of a graph, its name after its place; floating ones are float32.
graph::ValueId addRowInput(graph::Graph& graph, const std::string& text, std::size_t index);

std::vector<std::int64_t> wholeNumbers(const std::string& text);
std::vector<double> realNumbers(const std::string& text);

}  // namespace headroom::test
