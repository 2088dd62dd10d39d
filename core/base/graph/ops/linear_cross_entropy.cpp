// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear_cross_entropy.h"

#include <algorithm>
#include <array>

#include "base/graph/ops/loss.h"
#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr std::int64_t kLeastRows = 128;
constexpr std::int64_t kLeastChunks = 8;  // of so many rows that they all have the least
constexpr auto kAttributes = std::to_array<std::string_view>({"label_smoothing", "transB"});
constexpr std::array kQuantisable{0, 1};

bool hasBias(const ResolvedNode& node) { return node.inputs.size() > 3; }

std::vector<TensorType> infer(const NodeView& view) {
    const Shape& x = inputShape(view, 0, 2);
    const Shape& weight = inputShape(view, 1, 2);
    const std::size_t transB = view.node.integer("transB", 0) != 0 ? 1 : 0;
    if (x[1] != weight[transB]) refuseNode("the matrices do not fit together", toString(x), toString(weight));
    const std::int64_t classes = fixedExtent(view, 1, 1 - transB);
    fixedExtent(view, 1, transB);
    if (view.inputs.size() > 3) requireVector(view, 3, classes);
    const TensorType logits{view.inputs[0]->dtype, {x[0], Dim::fixed(classes)}};
    return kSoftmaxCrossEntropy.infer({view.node, {&logits, view.inputs[2]}, {}, {}, {}});
}

Saved gradientOf(int input, int index, DType type, const std::vector<std::int64_t>& shape) {
    return {Saved::From::Extra, index, {type, shape}, input};
}

std::vector<Saved> saves(const ResolvedNode& node, DeviceKind) {
    std::vector<Saved> all{gradientOf(0, 0, node.inputs[0].dtype, node.inputs[0].shape),
                           gradientOf(1, 1, DType::F32, node.inputs[1].shape)};
    if (hasBias(node)) all.push_back(gradientOf(3, 2, DType::F32, node.inputs[3].shape));
    return all;
}

struct Extents {
    std::int64_t rows, width, classes;
};
Extents extentsOf(const ResolvedNode& node) {
    const std::int64_t width = node.inputs[0].shape[1];
    return {node.inputs[0].shape[0], width, node.inputs[1].elements() / std::max<std::int64_t>(1, width)};
}

/// One chunk's logits, which become their own gradient, and what the products of its rows need beside.
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    const auto [rows, width, classes] = extentsOf(node);
    const std::int64_t chunk = chunkRows(rows, width, classes);
    const Bytes wide = byteSize(DType::F32), low = byteSize(DType::BF16);
    const Bytes logits = chunk * classes, x = chunk * width, weight = node.inputs[1].elements();
    // LibTorch's operators: the logits, them in fp32, their exponentials, a difference.
    if (arithmetic.device == DeviceKind::Cuda) return {logits * 4 * wide + weight * wide, 0};
    if (node.inputs[0].dtype != DType::BF16) return {logits * wide, 0};
    // fp32 copies of the operands, the product and what it is rounded to; the same way back.
    if (isEmulated(node, arithmetic)) return {(weight + 2 * x + logits) * wide + logits * low, 0};
    // The right matrix in the library's own block layout; a chunk's share of W's gradient, and that in fp32.
    return {(logits + std::max(weight, x)) * low + weight * (low + wide), 0};
}

/// Forward makes the three products of the plain form; backward scales what came of them.
Cost cost(const ResolvedNode& node) {
    const auto [rows, width, classes] = extentsOf(node);
    const double logits = static_cast<double>(rows) * static_cast<double>(classes);
    const Bytes made = node.inputs[0].bytes() + node.inputs[1].elements() * byteSize(DType::F32);
    const Bytes moved = inputBytes(node) + made + 4 * rows * classes * byteSize(node.inputs[0].dtype);
    return {6 * logits * static_cast<double>(width) + 10 * logits, static_cast<double>(rows * width), moved, 2 * made};
}

}  // namespace

std::int64_t chunkRows(std::int64_t rows, std::int64_t width, std::int64_t classes) {
    const std::int64_t wanted = std::max(kLeastRows, std::min(rows / kLeastChunks, rows * width / std::max<std::int64_t>(1, classes)));
    const std::int64_t chunks = std::max<std::int64_t>(1, (rows + wanted - 1) / wanted);
    return (rows + chunks - 1) / chunks;
}

constinit const OpEntry kLinearCrossEntropy{.name = "LinearCrossEntropy",
                                            .domain = "headroom",
                                            .minInputs = 3,
                                            .maxInputs = 4,
                                            .attributes = kAttributes,
                                            .precision = PrecisionClass::Lower,
                                            .quantisableInputs = kQuantisable,
                                            .infer = infer,
                                            .saves = saves,
                                            .workspace = workspace,
                                            .cost = cost,
                                            .keepsOutputs = true};

}  // namespace headroom::graph
