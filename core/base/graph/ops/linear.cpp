// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/linear.h"

#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kGemmAttributes = std::to_array<std::string_view>({"alpha", "beta", "transA", "transB"});
constexpr std::array kQuantisable{0, 1};

void requireInner(const Dim& a, const Dim& b, const NodeView& view) {
    if (a != b)
        refuseNode("the matrices do not fit together", toString(inputShape(view, 0)), toString(inputShape(view, 1)));
}

bool hasBias(const NodeView& view) { return view.inputs.size() > 2 && view.inputs[2]; }

std::vector<TensorType> inferGemm(const NodeView& view) {
    const Shape& a = inputShape(view, 0, 2);
    const Shape& b = inputShape(view, 1, 2);
    const std::size_t transA = view.node.integer("transA", 0) != 0 ? 1 : 0;
    const std::size_t transB = view.node.integer("transB", 0) != 0 ? 1 : 0;
    requireInner(a[1 - transA], b[transB], view);
    const Shape out{a[transA], b[1 - transB]};
    if (hasBias(view) && broadcast(out, inputShape(view, 2)) != out) refuseNode("the summand does not fit", toString(inputShape(view, 2)), toString(out));
    return {{view.inputs[0]->dtype, out}};
}

/// Stacks of matrices meet broadcast; a vector is a row on the left, a column on the right (numpy's matmul).
std::vector<TensorType> inferStacks(const NodeView& view) {
    const Shape &a = inputShape(view, 0), &b = inputShape(view, 1);
    if (a.empty() || b.empty()) refuseNode("an operand has no dimensions", toString(a), toString(b));
    requireInner(a.back(), b.size() == 1 ? b[0] : b[b.size() - 2], view);
    const auto stack = [](const Shape& shape) { return Shape(shape.begin(), shape.end() - std::min<std::ptrdiff_t>(2, std::ssize(shape))); };
    Shape out = broadcast(stack(a), stack(b));
    if (a.size() > 1) out.push_back(a[a.size() - 2]);
    if (b.size() > 1) out.push_back(b.back());
    return {{view.inputs[0]->dtype, out}};
}

std::vector<TensorType> inferMatMul(const NodeView& view) {
    if (!isOneProduct(inputShape(view, 0).size(), inputShape(view, 1).size())) return inferStacks(view);
    Shape out = inputShape(view, 0);
    const Shape& b = inputShape(view, 1, 2);
    requireInner(out.back(), b[0], view);
    out.back() = b[1];
    return {{view.inputs[0]->dtype, out}};
}

std::vector<TensorType> inferLinear(const NodeView& view) {
    requireVector(view, 2, fixedExtent(view, 1, 1));
    if (!isOneProduct(inputShape(view, 0).size(), 2)) refuseNode("input 0 has too few dimensions", toString(inputShape(view, 0)), "at least 2 needed");
    return inferMatMul(view);
}

std::vector<Saved> savesFactors(const ResolvedNode&, DeviceKind) { return {savedFactor(0, 1), savedFactor(1, 0)}; }

/// Stacks of matrices are made again for their gradients.
std::vector<Saved> savesMatMul(const ResolvedNode& node, DeviceKind device) {
    return isOneProduct(node.inputs[0].shape.size(), node.inputs[1].shape.size()) ? savesFactors(node, device) : savesInputs(node, device);
}

/// In bf16 the right matrix in the library's own block layout.
Workspace workspace(const ResolvedNode& node, const Arithmetic& arithmetic) {
    if (isEmulated(node, arithmetic)) return emulatedProduct(node);
    if (node.inputs[0].dtype != DType::BF16) return {};
    return {node.inputs[1].bytes(), node.inputs[1].bytes()};
}

Cost gemmCost(const ResolvedNode& node) {
    const auto inner = node.inputs[0].shape[node.node.integer("transA", 0) != 0 ? 0 : 1];
    return productCost(node, static_cast<double>(node.outputs[0].elements() * inner));
}

Cost matMulCost(const ResolvedNode& node) {
    return productCost(node, static_cast<double>(node.outputs[0].elements() * node.inputs[0].shape.back()));
}

std::vector<ChannelLink> gemmChannels(const NodeView& view) {
    const int inputDim = view.node.integer("transA", 0) != 0 ? 0 : 1;
    const int weightDim = view.node.integer("transB", 0) != 0 ? 0 : 1;
    std::vector<ChannelLink> links{{ChannelLink::Kind::Mixes, 0, inputDim, 0, 1, 1}, sameChannels(1, weightDim, 0, 1)};
    if (hasBias(view) && inputShape(view, 2).size() == 1) links.push_back(sameChannels(2, 0, 0, 1));
    return links;
}

std::vector<ChannelLink> matMulChannels(const NodeView& view) {
    const int last = static_cast<int>(inputShape(view, 0).size()) - 1;
    if (!isOneProduct(inputShape(view, 0).size(), inputShape(view, 1).size())) return {};
    std::vector<ChannelLink> links{{ChannelLink::Kind::Mixes, 0, last, 0, last, 1}, sameChannels(1, 1, 0, last)};
    if (hasBias(view)) links.push_back(sameChannels(2, 0, 0, last));
    return links;
}

}  // namespace

constinit const OpEntry kGemm{.name = "Gemm",
                              .sinceOpset = 13,
                              .minInputs = 2,
                              .maxInputs = 3,
                              .attributes = kGemmAttributes,
                              .precision = PrecisionClass::Lower,
                              .quantisableInputs = kQuantisable,
                              .infer = inferGemm,
                              .saves = savesFactors,
                              .workspace = workspace,
                              .cost = gemmCost,
                              .channels = gemmChannels};

constinit const OpEntry kMatMul{.name = "MatMul",
                                .sinceOpset = 13,
                                .minInputs = 2,
                                .maxInputs = 2,
                                .precision = PrecisionClass::Lower,
                                .quantisableInputs = kQuantisable,
                                .infer = inferMatMul,
                                .saves = savesMatMul,
                                .workspace = workspace,
                                .cost = matMulCost,
                                .channels = matMulChannels};

constinit const OpEntry kLinear{.name = "Linear",
                                .domain = "headroom",
                                .minInputs = 3,
                                .maxInputs = 3,
                                .precision = PrecisionClass::Lower,
                                .quantisableInputs = kQuantisable,
                                .infer = inferLinear,
                                .saves = savesFactors,
                                .workspace = workspace,
                                .cost = matMulCost,
                                .channels = matMulChannels};

}  // namespace headroom::graph
