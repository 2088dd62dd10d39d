// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "base/graph/op_entry.h"

/// What the operators' shape inference and costs share.
namespace headroom::graph {

/// Throws Error CFG-09 without a subject: the graph names the node.
[[noreturn]] void refuseNode(std::string problem, std::string found = {}, std::string allowed = {});

/// Shape of an input that is present and has the given rank (-1: any).
const Shape& inputShape(const NodeView& view, std::size_t input, int rank = -1);
/// Extent of a dimension that has to be fixed.
std::int64_t fixedExtent(const NodeView& view, std::size_t input, std::size_t dim);
/// Refuses input `input` unless it is a vector of `extent` elements.
void requireVector(const NodeView& view, std::size_t input, std::int64_t extent);
void requireInteger(const NodeView& view, std::size_t input);

/// Shape of two broadcast tensors (ONNX, multidirectional). Named dimensions meet the same name or 1.
Shape broadcast(const Shape& a, const Shape& b);

/// A sliding window over two spatial dimensions, from the attributes kernel_shape, strides, pads, dilations, ceil_mode.
struct Window {
    std::int64_t kernel[2], stride[2], dilation[2], padBegin[2], padEnd[2];
    bool ceil;
};
Window windowOf(const Node& node, std::int64_t kernelHeight, std::int64_t kernelWidth);
/// [n, channels, h', w'] of input 0 under the window.
Shape slid(const NodeView& view, const Window& window, const Dim& channels);

/// Bytes of all inputs and of all outputs, each once.
Bytes inputBytes(const ResolvedNode& node);
Bytes outputBytes(const ResolvedNode& node);
/// Bytes that a tensor takes, or would take, in fp32.
Bytes bytesInFp32(const ResolvedTensor& tensor);
/// Of a product of inputs 0 and 1 whose operands and result are copied to fp32 and back.
Workspace emulatedProduct(const ResolvedNode& node);
bool isEmulated(const ResolvedNode& node, const Arithmetic& arithmetic);
/// Cost of a node that does `flops` an output element forward and twice that backward, reading and writing all once.
Cost elementwiseCost(const ResolvedNode& node, double flops);
/// Cost of a matrix product with `multiplyAdds` multiply-adds; backward makes two products of the same size.
Cost productCost(const ResolvedNode& node, double multiplyAdds);

inline Saved savedInput(int index) { return {Saved::From::Input, index, {}}; }
inline Saved savedOutput(int index) { return {Saved::From::Output, index, {}}; }
inline Saved savedExtra(int index, DType type, std::vector<std::int64_t> shape) {
    return {Saved::From::Extra, index, {type, std::move(shape)}};
}
inline ChannelLink sameChannels(int input, int inputDim, int output, int outputDim) {
    return {ChannelLink::Kind::Same, input, inputDim, output, outputDim, 1};
}

}  // namespace headroom::graph
