// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/shapes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors/error.h"

namespace headroom::graph {

void refuseNode(std::string problem, std::string found, std::string allowed) {
    throw Error(Failure{Code::Cfg09, {}, std::move(problem), std::move(found), std::move(allowed), {}});
}

const Shape& inputShape(const NodeView& view, std::size_t input, int rank) {
    if (!hasInput(view, input)) refuseNode(fmt::format("input {} is absent", input));
    const Shape& shape = view.inputs[input]->shape;
    if (rank >= 0 && static_cast<int>(shape.size()) != rank)
        refuseNode(fmt::format("input {} has another number of dimensions", input), toString(shape),
                   fmt::format("{} needed", rank));
    return shape;
}

std::int64_t fixedExtent(const NodeView& view, std::size_t input, std::size_t dim) {
    const Shape& shape = inputShape(view, input);
    if (dim >= shape.size()) refuseNode(fmt::format("input {} has too few dimensions", input), toString(shape), fmt::format("{} needed", dim + 1));
    const Dim& found = shape[dim];
    if (!found.isFixed()) refuseNode(fmt::format("dimension {} of input {} must be fixed", dim, input), found.name);
    return found.extent;
}

void requireVector(const NodeView& view, std::size_t input, std::int64_t extent) {
    if (inputShape(view, input) != fixedShape({extent}))
        refuseNode(fmt::format("input {} has another shape", input), toString(inputShape(view, input)),
                   fmt::format("[{}] needed", extent));
}

void requireInteger(const NodeView& view, std::size_t input) {
    if (!hasInput(view, input)) refuseNode(fmt::format("input {} is absent", input));
    const DType type = view.inputs[input]->dtype;
    if (type != DType::I64 && type != DType::I32)
        refuseNode(fmt::format("input {} must hold whole numbers", input), std::string(name(type)));
}

Shape broadcast(const Shape& a, const Shape& b) {
    const Shape& longer = a.size() >= b.size() ? a : b;
    const Shape& shorter = a.size() >= b.size() ? b : a;
    Shape out = longer;
    const std::size_t offset = longer.size() - shorter.size();
    for (std::size_t i = 0; i < shorter.size(); ++i) {
        Dim& dim = out[offset + i];
        if (dim == shorter[i] || shorter[i] == Dim::fixed(1)) continue;
        if (dim != Dim::fixed(1)) refuseNode("the shapes do not fit together", toString(a), toString(b));
        dim = shorter[i];
    }
    return out;
}

Window windowOf(const Node& node, std::int64_t kernelHeight, std::int64_t kernelWidth) {
    const auto kernel = node.integers("kernel_shape", {kernelHeight, kernelWidth});
    const auto strides = node.integers("strides", {1, 1});
    const auto dilations = node.integers("dilations", {1, 1});
    const auto pads = node.integers("pads", {0, 0, 0, 0});
    if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 || pads.size() != 4)
        refuseNode("a window needs two spatial dimensions");
    Window window{};
    for (std::size_t i = 0; i < 2; ++i) {
        window.kernel[i] = kernel[i];
        window.stride[i] = strides[i];
        window.dilation[i] = dilations[i];
        window.padBegin[i] = pads[i];
        window.padEnd[i] = pads[i + 2];
        if (kernel[i] < 1 || strides[i] < 1 || dilations[i] < 1 || pads[i] < 0 || pads[i + 2] < 0)
            refuseNode("a window's kernel, stride or padding is out of range");
    }
    window.ceil = node.integer("ceil_mode", 0) != 0;
    return window;
}

Shape slid(const NodeView& view, const Window& window, const Dim& channels) {
    Shape out{inputShape(view, 0, 4)[0], channels};
    for (std::size_t i = 0; i < 2; ++i) {
        const std::int64_t extent = fixedExtent(view, 0, i + 2);
        const std::int64_t room =
            extent + window.padBegin[i] + window.padEnd[i] - window.dilation[i] * (window.kernel[i] - 1) - 1;
        if (room < 0)
            refuseNode("the window is larger than its input", fmt::format("{}", extent),
                       fmt::format("{} needed", extent - room));
        std::int64_t steps = (window.ceil ? room + window.stride[i] - 1 : room) / window.stride[i];
        // A window that would begin in the padding behind the input is left out (ONNX, ceil_mode).
        if (window.ceil && steps * window.stride[i] >= extent + window.padBegin[i]) --steps;
        out.push_back(Dim::fixed(steps + 1));
    }
    return out;
}

Bytes inputBytes(const ResolvedNode& node) {
    Bytes bytes = 0;
    for (const ResolvedTensor& each : node.inputs) bytes += each.bytes();
    return bytes;
}

Bytes outputBytes(const ResolvedNode& node) {
    Bytes bytes = 0;
    for (const ResolvedTensor& each : node.outputs) bytes += each.bytes();
    return bytes;
}

Bytes bytesInFp32(const ResolvedTensor& tensor) { return tensor.elements() * byteSize(DType::F32); }

Workspace emulatedProduct(const ResolvedNode& node) {
    const Bytes x = bytesInFp32(node.inputs[0]), w = bytesInFp32(node.inputs[1]), y = bytesInFp32(node.outputs[0]);
    return {x + w + y, x + y};
}

bool isEmulated(const ResolvedNode& node, const Arithmetic& arithmetic) {
    return arithmetic.emulatesBf16 && node.inputs[0].dtype == DType::BF16;
}

Cost elementwiseCost(const ResolvedNode& node, double flops) {
    const double forward = flops * static_cast<double>(node.outputs[0].elements());
    const Bytes moved = inputBytes(node) + outputBytes(node);
    return {forward, 2 * forward, moved, moved + node.inputs[0].bytes()};
}

Cost productCost(const ResolvedNode& node, double multiplyAdds) {
    const Bytes moved = inputBytes(node) + outputBytes(node);
    return {2 * multiplyAdds, 4 * multiplyAdds, moved, 2 * moved};
}

std::vector<TensorType> sameAsInput(const NodeView& view) { return {*view.inputs[0]}; }

std::vector<ChannelLink> sameDimensions(const NodeView& view) {
    std::vector<ChannelLink> links;
    for (int dim = 1; dim < static_cast<int>(inputShape(view, 0).size()); ++dim)
        links.push_back(sameChannels(0, dim, 0, dim));
    return links;
}

std::vector<Saved> savesInputs(const ResolvedNode& node, DeviceKind) {
    std::vector<Saved> saved;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
        if (node.inputs[i].elements() > 0) saved.push_back(savedInput(static_cast<int>(i)));
    return saved;
}

Workspace segmentWorkspace(const ResolvedNode& node, const Arithmetic&) {
    return {outputBytes(node), 2 * (inputBytes(node) + outputBytes(node))};
}

Cost oneFlop(const ResolvedNode& node) { return elementwiseCost(node, 1); }
Cost tenFlops(const ResolvedNode& node) { return elementwiseCost(node, 10); }
Cost copyCost(const ResolvedNode& node) { return elementwiseCost(node, 0); }

bool hasInput(const NodeView& view, std::size_t input) { return input < view.inputs.size() && view.inputs[input]; }

const std::vector<std::int64_t>& numbersOf(const NodeView& view, std::size_t input) {
    if (!hasInput(view, input) || !view.constants[input] || isFloating(view.inputs[input]->dtype))
        refuseNode(fmt::format("input {} must be a constant of whole numbers", input));
    return *view.constants[input];
}

std::vector<double> realsOf(const NodeView& view, std::size_t input) {
    if (!hasInput(view, input) || !view.constants[input]) refuseNode(fmt::format("input {} must be a constant", input));
    if (isFloating(view.inputs[input]->dtype)) return *view.reals[input];
    return {view.constants[input]->begin(), view.constants[input]->end()};
}

std::size_t axisWithin(std::int64_t axis, std::size_t rank) {
    const std::int64_t counted = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (counted < 0 || counted >= static_cast<std::int64_t>(rank))
        refuseNode("the axis is out of range", fmt::format("{}", axis), fmt::format("{} dimensions", rank));
    return static_cast<std::size_t>(counted);
}

std::vector<std::size_t> axesWithin(const std::vector<std::int64_t>& axes, std::size_t rank) {
    std::vector<std::size_t> places;
    for (const std::int64_t axis : axes) {
        places.push_back(axisWithin(axis, rank));
        if (std::ranges::count(places, places.back()) > 1) refuseNode("an axis is there twice", fmt::format("{}", axis));
    }
    return places;
}

}  // namespace headroom::graph
