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

/// Types of the outputs of operators that keep their input's.
std::vector<TensorType> sameAsInput(const NodeView& view);
/// Every dimension but the first is its own.
std::vector<ChannelLink> sameDimensions(const NodeView& view);
/// All inputs that have memory: what an autograd segment reads.
std::vector<Saved> savesInputs(const ResolvedNode& node, DeviceKind);
/// Of a kernel made of LibTorch's operators: forward a copy of its outputs; backward, as an autograd segment, all once more.
Workspace segmentWorkspace(const ResolvedNode& node, const Arithmetic& arithmetic);
Cost oneFlop(const ResolvedNode& node);
Cost tenFlops(const ResolvedNode& node);
Cost copyCost(const ResolvedNode& node);

bool hasInput(const NodeView& view, std::size_t input);
/// What a constant input of whole numbers holds. Refuses an input that is no constant.
const std::vector<std::int64_t>& numbersOf(const NodeView& view, std::size_t input);
/// As numbersOf for a constant of any type.
std::vector<double> realsOf(const NodeView& view, std::size_t input);
/// An axis as a place from the front; refuses one outside of [-rank, rank).
std::size_t axisWithin(std::int64_t axis, std::size_t rank);
/// Likewise each of several, in their order; refuses repeated ones.
std::vector<std::size_t> axesWithin(const std::vector<std::int64_t>& axes, std::size_t rank);

inline Saved savedInput(int index) { return {Saved::From::Input, index, {}}; }
/// The factor of a product that only the other factor's gradient needs.
inline Saved savedFactor(int index, int onlyFor) { return {.from = Saved::From::Input, .index = index, .onlyFor = onlyFor}; }
inline Saved savedOutput(int index) { return {Saved::From::Output, index, {}}; }
inline Saved savedExtra(int index, DType type, std::vector<std::int64_t> shape) {
    return {Saved::From::Extra, index, {type, std::move(shape)}};
}
inline ChannelLink sameChannels(int input, int inputDim, int output, int outputDim) {
    return {ChannelLink::Kind::Same, input, inputDim, output, outputDim, 1};
}

}  // namespace headroom::graph
