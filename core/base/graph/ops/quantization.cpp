// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/quantization.h"

#include <array>
#include <cstdint>
#include <string>

#include "base/graph/onnx_types.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Names = std::span<const std::string_view>;
using Infer = std::vector<TensorType> (*)(const NodeView&);
constexpr auto kQuantize = std::to_array<std::string_view>({"axis", "block_size", "output_dtype", "precision", "saturate"});
constexpr auto kDequantize = std::to_array<std::string_view>({"axis", "block_size", "output_dtype"});
constexpr auto kWindow = std::to_array<std::string_view>({"dilations", "group", "kernel_shape", "pads", "strides"});

bool isByte(DType type) { return type == DType::U8 || type == DType::I8; }
bool isWhole(DType type) { return isByte(type) || type == DType::I16 || type == DType::U16 || type == DType::I32; }

/// One scale, one a slice along `axis`, or one a block of `block_size` of them.
void requireScale(const NodeView& view) {
    const Shape &x = inputShape(view, 0), &scale = inputShape(view, 1);
    if (scale.empty() || scale == fixedShape({1})) return;
    const std::size_t axis = axisWithin(view.node.integer("axis", 1), x.size());
    const std::int64_t block = view.node.integer("block_size", 0);
    if (scale.size() == 1 && scale[0] == x[axis] && block == 0) return;
    if (block < 1 || scale.size() != x.size() || fixedExtent(view, 1, axis) != (fixedExtent(view, 0, axis) + block - 1) / block)
        refuseNode("the scale does not fit", toString(scale), toString(x));
}

std::vector<TensorType> inferQuantize(const NodeView& view) {
    requireScale(view);
    DType type = hasInput(view, 2) ? view.inputs[2]->dtype : DType::U8;
    if (const std::int64_t number = view.node.integer("output_dtype", 0); number != 0) {
        const auto asked = typeOfOnnx(number);
        if (!asked) refuseNode("the element type is not supported", std::to_string(number));
        type = *asked;
    }
    if (!isWhole(type)) refuseNode("the element type is not supported", std::string(name(type)));
    return {{type, inputShape(view, 0)}};
}

std::vector<TensorType> inferDequantize(const NodeView& view) {
    requireScale(view);
    if (!isWhole(view.inputs[0]->dtype)) refuseNode("the element type is not supported", std::string(name(view.inputs[0]->dtype)));
    return {{view.inputs[1]->dtype, inputShape(view, 0)}};
}

std::vector<TensorType> inferDynamic(const NodeView& view) { return {{DType::U8, inputShape(view, 0)}, {DType::F32, {}}, {DType::U8, {}}}; }

/// The types of a product of inputs `a` and `b`, as MatMul and Conv infer them.
std::vector<TensorType> inferLike(const OpEntry& op, const NodeView& view, std::size_t a, std::size_t b, DType made, std::size_t bias = SIZE_MAX) {
    if (!isByte(view.inputs[a]->dtype) || !isByte(view.inputs[b]->dtype)) refuseNode("the operands must be of 8 bits");
    NodeView product{view.node, {view.inputs[a], view.inputs[b]}, {}, {nullptr, nullptr}, {nullptr, nullptr}};
    if (bias < view.inputs.size()) product.inputs.push_back(view.inputs[bias]);
    std::vector<TensorType> types = op.infer(product);
    types[0].dtype = made;
    return types;
}

std::vector<TensorType> inferMatMulInteger(const NodeView& view) { return inferLike(kMatMul, view, 0, 1, DType::I32); }
std::vector<TensorType> inferConvInteger(const NodeView& view) { return inferLike(kConv, view, 0, 1, DType::I32); }
std::vector<TensorType> inferQLinearMatMul(const NodeView& view) { return inferLike(kMatMul, view, 0, 3, view.inputs[7]->dtype); }
std::vector<TensorType> inferQLinearConv(const NodeView& view) { return inferLike(kConv, view, 0, 3, view.inputs[7]->dtype, 8); }

constexpr OpEntry whole(std::string_view name, int since, int least, int most, Names attributes, Infer infer, int outputs = 1) {
    return {.name = name, .sinceOpset = since, .minInputs = least, .maxInputs = most, .outputs = outputs, .attributes = attributes,
            .precision = PrecisionClass::Keep, .infer = infer, .workspace = segmentWorkspace, .cost = oneFlop, .differentiable = false};
}

constinit const std::array kOps{whole("QuantizeLinear", 23, 2, 3, kQuantize, inferQuantize), whole("DequantizeLinear", 23, 2, 3, kDequantize, inferDequantize),
                                whole("DynamicQuantizeLinear", 11, 1, 1, {}, inferDynamic, 3), whole("MatMulInteger", 10, 2, 4, {}, inferMatMulInteger),
                                whole("ConvInteger", 10, 2, 4, kWindow, inferConvInteger), whole("QLinearMatMul", 21, 8, 8, {}, inferQLinearMatMul),
                                whole("QLinearConv", 10, 8, 9, kWindow, inferQLinearConv)};

}  // namespace

std::span<const OpEntry> quantizationOps() { return kOps; }

}  // namespace headroom::graph
