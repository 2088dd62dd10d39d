// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "engine/formats/onnx_importer.h"

// What becomes of the weights of a file: parameters, statistics and other data.
namespace headroom::formats {
namespace {

using graph::Dim;
using graph::ValueId;

constexpr auto kProducts = std::to_array<std::string_view>({"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN", "Gather", "BatchNormalization",
                                                            "LayerNormalization", "InstanceNormalization", "GroupNormalization", "PRelu"});

graph::Shape shapeOf(const std::vector<std::int64_t>& extents) {
    graph::Shape shape;
    for (const std::int64_t extent : extents) shape.push_back(Dim::fixed(extent));
    return shape;
}

/// Kernels and matrices: Kaiming; vectors nothing. A file's weights take their place.
graph::Initializer initializerOf(const graph::HostTensor& tensor) {
    if (tensor.shape.size() < 2) return {};
    const std::int64_t rows = std::max<std::int64_t>(1, tensor.shape[0]);
    return {graph::Initializer::Kind::KaimingNormal, 1, std::max<std::int64_t>(1, graph::elementCount(tensor.shape) / rows)};
}

/// A vector, in whatever shape, of the same number everywhere. Matrices do not begin so: a table that two nodes read is one.
bool isUniform(const graph::HostTensor& tensor) {
    if (std::ranges::count_if(tensor.shape, [](std::int64_t extent) { return extent > 1; }) > 1) return false;
    const auto width = static_cast<std::size_t>(graph::byteSize(tensor.dtype));
    return graph::isFloating(tensor.dtype) && tensor.data.size() >= width && std::equal(tensor.data.begin() + static_cast<std::ptrdiff_t>(width), tensor.data.end(), tensor.data.begin());
}

}  // namespace

bool OnnxImporter::isParameter(const graph::HostTensor& tensor, bool isConstantNode) const {
    if (!graph::isFloating(tensor.dtype)) return false;
    if (m_node->op == "BatchNormalization" && m_readAs >= 3) return false;
    if (m_readAs >= 1 || m_node->op == "Gather")
        if (std::ranges::count(kProducts, m_node->op)) return true;
    return !isConstantNode && graph::elementCount(tensor.shape) > 1;
}

/// Training moves it: a parameter, or statistics.
bool OnnxImporter::isUpdated(const graph::HostTensor& tensor, bool isConstantNode) const {
    return isParameter(tensor, isConstantNode) || (m_node->op == "BatchNormalization" && m_readAs >= 3);
}

/// Inputs of other nodes are alike: what they read twice is one thing.
OnnxImporter::Reader OnnxImporter::reader() const { return {m_node, std::ranges::count(kProducts, m_node->op) > 0 ? m_readAs : 0}; }

/// Writers keep weights that hold the same numbers once. What a net begins with - ones of its norms, zeros of its biases - is the same
/// by chance then, and another weight for every reader; any other is the same weight.
std::optional<ValueId> OnnxImporter::madeFor(const Known& entry) const {
    if (!entry.value || entry.copies.empty()) return entry.value;
    const auto index = static_cast<std::size_t>(entry.weight);
    if (!isUpdated(m_weights[index], m_fromConstantNode[index])) return entry.value;
    const auto found = entry.copies.find(reader());
    return found == entry.copies.end() ? std::nullopt : std::optional(found->second);
}

ValueId OnnxImporter::weightValue(Known& entry, const std::string& name) {
    const auto index = static_cast<std::size_t>(entry.weight);
    const bool isOneOfMany = isUniform(m_weights[index]) && isUpdated(m_weights[index], m_fromConstantNode[index]);
    graph::HostTensor tensor = isOneOfMany ? m_weights[index] : std::move(m_weights[index]);
    tensor.name = fresh(name);
    if (!isParameter(tensor, m_fromConstantNode[index])) {
        entry.value = bufferOf(std::move(tensor));
    } else {
        entry.value = m_model.graph.addParameter(tensor.name, {tensor.dtype, shapeOf(tensor.shape)}, initializerOf(tensor), tensor.shape.size() > 1);
        m_model.weights.push_back(std::move(tensor));
    }
    if (isOneOfMany) {
        checkSize(*entry.value);
        entry.copies.emplace(reader(), *entry.value);
    }
    return *entry.value;
}

ValueId OnnxImporter::bufferOf(graph::HostTensor tensor) {
    const ValueId id = m_model.graph.addBuffer(tensor.name, {tensor.dtype, shapeOf(tensor.shape)}, {});
    m_model.weights.push_back(std::move(tensor));
    return id;
}

}  // namespace headroom::formats
