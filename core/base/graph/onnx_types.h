// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>

#include "base/graph/graph.h"

namespace headroom::graph {

/// The number that ONNX gives an element type (TensorProto.DataType): attributes such as Cast's `to` hold it.
std::int64_t onnxType(DType type);
/// The element type of that number; nothing for those that a Graph does not have (strings, complex, 8 and 4 bit floats).
std::optional<DType> typeOfOnnx(std::int64_t number);

}  // namespace headroom::graph
