// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "base/graph/host_tensor.h"
#include "engine/formats/onnx_lowering.h"

namespace headroom::formats {

/// A small tensor whose elements are known when a file is read: shapes, axes, scales. Whole numbers may be named extents.
struct Content {
    graph::DType dtype = graph::DType::I64;
    std::vector<std::int64_t> shape;
    std::vector<graph::Dim> numbers{};  ///< where the type is not floating; fixed ones may be negative
    std::vector<double> reals{};        ///< where it is

    std::size_t count() const { return graph::isFloating(dtype) ? reals.size() : numbers.size(); }
    bool isFixed() const;
    /// The numbers; asserts that they are fixed.
    std::vector<std::int64_t> fixedNumbers() const;
};

/// Tensors of more elements are data.
constexpr std::int64_t kMostContent = 4096;

/// Nothing where there are too many elements, or of 16-bit floating type.
std::optional<Content> contentOf(const graph::HostTensor& tensor);
graph::HostTensor tensorOf(const Content& content, std::string name);

/// Whether folded() may know the outputs of such nodes.
bool isFoldable(std::string_view op);
/// What the node makes, where all of its inputs are known (null: absent) and its operator is one of those that compute shapes.
std::optional<Content> folded(const OnnxNode& node, std::span<const Content* const> inputs);

}  // namespace headroom::formats
