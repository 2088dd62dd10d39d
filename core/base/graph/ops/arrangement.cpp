// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/arrangement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "base/graph/onnx_types.h"
#include "base/graph/ops/entries.h"
#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Names = std::span<const std::string_view>;
using Infer = std::vector<TensorType> (*)(const NodeView&);
constexpr auto kAxis = std::to_array<std::string_view>({"axis"});
constexpr auto kMode = std::to_array<std::string_view>({"mode"});
constexpr auto kBlock = std::to_array<std::string_view>({"blocksize", "mode"});
constexpr auto kUpper = std::to_array<std::string_view>({"upper"});
constexpr auto kSequence = std::to_array<std::string_view>({"batch_axis", "time_axis"});
constexpr auto kCast = std::to_array<std::string_view>({"round_mode", "saturate", "to"});
constexpr auto kStartEnd = std::to_array<std::string_view>({"end", "start"});
constexpr auto kEye = std::to_array<std::string_view>({"dtype", "k"});
constexpr auto kFill = std::to_array<std::string_view>({"dtype", "value"});
constexpr auto kBatchAxis = std::to_array<std::string_view>({"batch_axis"});
constexpr auto kWindow = std::to_array<std::string_view>({"output_datatype", "periodic"});
constexpr std::array kFirst{0}, kSecond{1};
constexpr std::array kAllOfThree{0, 1, 2};
constexpr std::array kSliceConstants{1, 2, 3, 4};
constexpr std::array kPadConstants{1, 3};

std::vector<TensorType> withShape(const NodeView& view, Shape shape) { return {{view.inputs[0]->dtype, std::move(shape)}}; }
std::int64_t extentOf(const Dim& dim) { return dim.isFixed() ? dim.extent : -1; }

DType typeFrom(const Node& node, std::string_view attribute, DType fallback) {
    const std::int64_t number = node.integer(attribute, onnxType(fallback));
    const std::optional<DType> type = typeOfOnnx(number);
    if (!type) refuseNode("the element type is not supported", fmt::format("{} {}", attribute, number));
    return *type;
}

std::vector<TensorType> inferConcat(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    const std::size_t axis = axisWithin(view.node.integer("axis", 0), shape.size());
    for (std::size_t i = 1; i < view.inputs.size(); ++i) {
        Shape other = inputShape(view, i, static_cast<int>(shape.size()));
        if (!shape[axis].isFixed() || !other[axis].isFixed()) refuseNode("the joined dimension must be fixed", toString(other));
        shape[axis].extent += other[axis].extent;
        other[axis] = shape[axis];
        if (other != shape) refuseNode("the shapes do not fit together", toString(other), toString(shape));
        if (view.inputs[i]->dtype != view.inputs[0]->dtype) refuseNode("the element types differ");
    }
    return withShape(view, shape);
}

std::vector<TensorType> inferSlice(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    std::vector<std::int64_t> extents;
    for (const Dim& dim : shape) extents.push_back(extentOf(dim));
    for (const Range& range : rangesOf(view, extents))
        if (extents[range.axis] >= 0) shape[range.axis] = Dim::fixed(range.count);
    return withShape(view, shape);
}

constexpr auto kModes = std::to_array<std::string_view>({"constant", "edge", "reflect", "wrap"});

std::vector<TensorType> inferPad(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    const std::string mode = view.node.text("mode", "constant");
    if (std::ranges::count(kModes, mode) == 0) refuseNode("unknown mode", mode, "constant, reflect, edge and wrap allowed");
    for (const Padding& each : paddingOf(view)) {
        if (each.begin == 0 && each.end == 0) continue;
        Dim& dim = shape[each.axis];
        if (!dim.isFixed()) refuseNode("a named dimension cannot be padded", dim.name);
        const std::int64_t largest = mode == "reflect" ? dim.extent - 1 : mode == "constant" || mode == "edge" ? INT64_MAX : dim.extent;
        if (mode != "constant" && (dim.extent < 1 || (mode != "wrap" && (each.begin > largest || each.end > largest))))
            refuseNode("the padding is larger than what it repeats", toString(shape));
        dim.extent += each.begin + each.end;
        if (dim.extent < 0) refuseNode("more is cut off than is there", toString(shape));
    }
    return withShape(view, shape);
}

std::vector<TensorType> inferTile(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    const std::vector<std::int64_t>& repeats = numbersOf(view, 1);
    if (repeats.size() != shape.size()) refuseNode("one number of repeats a dimension is needed", fmt::format("{}", repeats.size()));
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (repeats[i] < 0 || repeats[i] > INT32_MAX) refuseNode("a number of repeats is out of range", fmt::format("{}", repeats[i]));
        if (repeats[i] != 1) shape[i] = product({shape[i], Dim::fixed(repeats[i])});
    }
    return withShape(view, shape);
}

/// With `batch_axis` that dimension of the new shape is the batch, whatever the constant holds there.
std::vector<TensorType> inferExpand(const NodeView& view) {
    Shape target;
    for (const std::int64_t extent : numbersOf(view, 1)) {
        if (extent < 0 || extent > INT32_MAX) refuseNode("an extent is out of range", fmt::format("{}", extent));
        target.push_back(Dim::fixed(extent));
    }
    if (const std::int64_t axis = view.node.integer("batch_axis", -1); axis != -1) target[axisWithin(axis, target.size())] = Dim::named("batch");
    return withShape(view, broadcast(inputShape(view, 0), target));
}

std::vector<TensorType> inferSqueeze(const NodeView& view) {
    const Shape& from = inputShape(view, 0);
    std::vector<std::size_t> axes;
    if (hasInput(view, 1)) axes = axesWithin(numbersOf(view, 1), from.size());
    Shape to;
    for (std::size_t dim = 0; dim < from.size(); ++dim) {
        const bool named = std::ranges::count(axes, dim) > 0;
        if (named && from[dim] != Dim::fixed(1)) refuseNode("a dimension to be removed is not 1", toString(from));
        if (!named && (hasInput(view, 1) || from[dim] != Dim::fixed(1))) to.push_back(from[dim]);
    }
    return withShape(view, to);
}

std::vector<TensorType> inferUnsqueeze(const NodeView& view) {
    const Shape& from = inputShape(view, 0);
    const std::vector<std::int64_t>& numbers = numbersOf(view, 1);
    const std::vector<std::size_t> axes = axesWithin(numbers, from.size() + numbers.size());
    Shape to;
    for (std::size_t dim = 0, next = 0; dim < from.size() + axes.size(); ++dim)
        to.push_back(std::ranges::count(axes, dim) ? Dim::fixed(1) : from[next++]);
    return withShape(view, to);
}

std::int64_t blockOf(const NodeView& view) {
    const std::int64_t block = view.node.integer("blocksize", 0);
    if (block < 1 || block > 1024) refuseNode("the block's size is out of range", fmt::format("{}", block));
    return block;
}

std::vector<TensorType> inferDepthToSpace(const NodeView& view) {
    Shape shape = inputShape(view, 0, 4);
    const std::int64_t block = blockOf(view), channels = fixedExtent(view, 0, 1);
    if (channels % (block * block) != 0) refuseNode("the channels do not divide", fmt::format("{}", channels));
    return withShape(view, {shape[0], Dim::fixed(channels / (block * block)), product({shape[2], Dim::fixed(block)}), product({shape[3], Dim::fixed(block)})});
}

std::vector<TensorType> inferSpaceToDepth(const NodeView& view) {
    const Shape& shape = inputShape(view, 0, 4);
    const std::int64_t block = blockOf(view), h = fixedExtent(view, 0, 2), w = fixedExtent(view, 0, 3);
    if (h % block != 0 || w % block != 0) refuseNode("the picture does not divide into blocks", toString(shape));
    return withShape(view, {shape[0], Dim::fixed(fixedExtent(view, 0, 1) * block * block), Dim::fixed(h / block), Dim::fixed(w / block)});
}

std::vector<TensorType> inferTrilu(const NodeView& view) {
    if (inputShape(view, 0).size() < 2) refuseNode("input 0 has too few dimensions", toString(inputShape(view, 0)), "at least 2 needed");
    if (hasInput(view, 1) && numbersOf(view, 1).size() != 1) refuseNode("k must be one number");
    return sameAsInput(view);
}

std::vector<TensorType> inferReverse(const NodeView& view) {
    const std::int64_t batch = view.node.integer("batch_axis", 1), time = view.node.integer("time_axis", 0);
    if (batch < 0 || batch > 1 || time != 1 - batch || inputShape(view, 0).size() < 2) refuseNode("the axes must be 0 and 1", fmt::format("{} and {}", batch, time));
    requireInteger(view, 1);
    return sameAsInput(view);
}

std::vector<TensorType> inferCast(const NodeView& view) { return {{typeFrom(view.node, "to", DType::F32), inputShape(view, 0)}}; }

std::vector<TensorType> inferShape(const NodeView& view) {
    const auto rank = static_cast<std::int64_t>(inputShape(view, 0).size());
    const auto clamped = [&](std::int64_t place) { return std::clamp(place < 0 ? place + rank : place, std::int64_t{0}, rank); };
    const std::int64_t start = clamped(view.node.integer("start", 0)), end = clamped(view.node.integer("end", rank));
    return {{DType::I64, {Dim::fixed(std::max<std::int64_t>(0, end - start))}}};
}
std::vector<TensorType> inferSize(const NodeView&) { return {{DType::I64, {}}}; }

std::vector<TensorType> inferEye(const NodeView& view) { return {{typeFrom(view.node, "dtype", view.inputs[0]->dtype), inputShape(view, 0, 2)}}; }

std::vector<TensorType> inferFill(const NodeView& view) {
    Shape shape;
    for (const std::int64_t extent : numbersOf(view, 0)) {
        if (extent < 0 || extent > INT32_MAX) refuseNode("an extent is out of range", fmt::format("{}", extent));
        shape.push_back(Dim::fixed(extent));
    }
    return {{typeFrom(view.node, "dtype", DType::F32), shape}};
}

std::vector<TensorType> inferOneHot(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    const std::vector<double> depth = realsOf(view, 1);
    if (depth.size() != 1 || depth[0] < 1 || depth[0] > 1e9) refuseNode("the depth is out of range");
    const std::size_t axis = axisWithin(view.node.integer("axis", -1), shape.size() + 1);
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), Dim::fixed(static_cast<std::int64_t>(depth[0])));
    return {{view.inputs[2]->dtype, shape}};
}

std::vector<TensorType> inferRange(const NodeView& view) {
    double ends[3];
    for (std::size_t i = 0; i < 3; ++i) {
        const std::vector<double> number = realsOf(view, i);
        if (number.size() != 1) refuseNode("start, limit and step are one number each");
        ends[i] = number[0];
    }
    const double count = std::max(0.0, std::ceil((ends[1] - ends[0]) / ends[2]));
    if (!(ends[2] != 0 && count <= 1e9)) refuseNode("the range is not usable", fmt::format("{} to {} by {}", ends[0], ends[1], ends[2]));
    return withShape(view, {Dim::fixed(static_cast<std::int64_t>(count))});
}

std::vector<TensorType> inferWindow(const NodeView& view) {
    const std::vector<std::int64_t>& size = numbersOf(view, 0);
    if (size.size() != 1 || size[0] < 1 || size[0] > 1'000'000'000) refuseNode("the size is out of range");
    return {{typeFrom(view.node, "output_datatype", DType::F32), {Dim::fixed(size[0])}}};
}

std::vector<ChannelLink> concatChannels(const NodeView& view) {
    const std::size_t rank = inputShape(view, 0).size(), axis = axisWithin(view.node.integer("axis", 0), rank);
    std::vector<ChannelLink> links;
    for (int input = 0; input < static_cast<int>(view.inputs.size()); ++input)
        for (int dim = 1; dim < static_cast<int>(rank); ++dim)
            if (static_cast<std::size_t>(dim) != axis) links.push_back(sameChannels(input, dim, 0, dim));
    return links;
}

constexpr OpEntry moves(std::string_view name, int since, int most, Names attributes, Infer infer, std::span<const int> constants = {}) {
    return {.name = name, .sinceOpset = since, .minInputs = 1, .maxInputs = most, .attributes = attributes, .constantInputs = constants,
            .infer = infer, .saves = savesInputs, .workspace = segmentWorkspace, .cost = copyCost};
}
constexpr OpEntry needing(int least, OpEntry entry) {
    entry.minInputs = least;
    return entry;
}
/// What it makes depends on no element of its inputs.
constexpr OpEntry makes(OpEntry entry) {
    entry.saves = nullptr;
    entry.differentiable = false;
    return entry;
}
constexpr OpEntry linked(OpEntry entry, std::vector<ChannelLink> (*channels)(const NodeView&)) {
    entry.channels = channels;
    return entry;
}

constinit const std::array kOps{
    savingNothing(linked(moves("Concat", 13, kAnyNumber, kAxis, inferConcat), concatChannels)), needing(3, moves("Slice", 13, 5, {}, inferSlice, kSliceConstants)),
    needing(2, moves("Pad", 23, 4, kMode, inferPad, kPadConstants)), needing(2, moves("Tile", 13, 2, {}, inferTile, kSecond)),
    needing(2, moves("Expand", 13, 2, kBatchAxis, inferExpand, kSecond)), savingNothing(moves("Squeeze", 23, 2, {}, inferSqueeze, kSecond)),
    savingNothing(needing(2, moves("Unsqueeze", 23, 2, {}, inferUnsqueeze, kSecond))), moves("DepthToSpace", 13, 1, kBlock, inferDepthToSpace),
    moves("SpaceToDepth", 13, 1, kBlock, inferSpaceToDepth), moves("Trilu", 14, 2, kUpper, inferTrilu, kSecond),
    needing(2, moves("ReverseSequence", 10, 2, kSequence, inferReverse)), savingNothing(linked(moves("Identity", 23, 1, {}, sameAsInput), sameDimensions)),
    linked(moves("Cast", 23, 1, kCast, inferCast), sameDimensions), makes(moves("Shape", 23, 1, kStartEnd, inferShape)),
    makes(moves("Size", 23, 1, {}, inferSize)), makes(moves("EyeLike", 22, 1, kEye, inferEye)),
    makes(moves("ConstantOfShape", 23, 1, kFill, inferFill, kFirst)), makes(needing(3, moves("OneHot", 11, 3, kAxis, inferOneHot, kSecond))),
    makes(needing(3, moves("Range", 11, 3, {}, inferRange, kAllOfThree))), makes(moves("HannWindow", 17, 1, kWindow, inferWindow, kFirst)),
    makes(moves("HammingWindow", 17, 1, kWindow, inferWindow, kFirst)), makes(moves("BlackmanWindow", 17, 1, kWindow, inferWindow, kFirst))};

}  // namespace

std::vector<Range> rangesOf(const NodeView& view, const std::vector<std::int64_t>& extents) {
    const std::vector<std::int64_t>&starts = numbersOf(view, 1), &ends = numbersOf(view, 2);
    std::vector<std::int64_t> axes(starts.size()), steps(starts.size(), 1);
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
    if (hasInput(view, 3)) axes = numbersOf(view, 3);
    if (hasInput(view, 4)) steps = numbersOf(view, 4);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
        refuseNode("starts, ends, axes and steps differ in number");
    const std::vector<std::size_t> places = axesWithin(axes, extents.size());
    std::vector<Range> ranges;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::int64_t extent = extents[places[i]], step = steps[i];
        if (step == 0 || step == INT64_MIN) refuseNode("a step is out of range", fmt::format("{}", step));
        if (extent < 0) {
            if (starts[i] != 0 || step != 1 || ends[i] < INT32_MAX) refuseNode("a named dimension can only be taken whole");
            continue;
        }
        const auto placed = [&](std::int64_t at) {
            const std::int64_t counted = at < 0 ? at + extent : at;
            return step > 0 ? std::clamp(counted, std::int64_t{0}, extent) : std::clamp(counted, std::int64_t{-1}, extent - 1);
        };
        const std::int64_t begin = step < 0 ? std::max<std::int64_t>(placed(starts[i]), extent > 0 ? 0 : -1) : placed(starts[i]);
        const std::int64_t end = ends[i] < -extent && step < 0 ? -1 : placed(ends[i]);
        const std::int64_t room = step > 0 ? end - begin : begin - end, stride = step > 0 ? step : -step;
        ranges.push_back({places[i], begin, step, room <= 0 ? 0 : (room - 1) / stride + 1});
    }
    return ranges;
}

std::vector<Padding> paddingOf(const NodeView& view) {
    const std::size_t rank = inputShape(view, 0).size();
    const std::vector<std::int64_t>& pads = numbersOf(view, 1);
    std::vector<std::int64_t> axes(rank);
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
    if (hasInput(view, 3)) axes = numbersOf(view, 3);
    if (pads.size() != 2 * axes.size()) refuseNode("two numbers an axis are needed", fmt::format("{}", pads.size()));
    const std::vector<std::size_t> places = axesWithin(axes, rank);
    std::vector<Padding> all;
    for (const std::int64_t pad : pads)
        if (pad > INT32_MAX || pad < -INT32_MAX) refuseNode("a padding is out of range", fmt::format("{}", pad));
    for (std::size_t i = 0; i < places.size(); ++i) all.push_back({places[i], pads[i], pads[i + axes.size()]});
    return all;
}

std::span<const OpEntry> arrangementOps() { return kOps; }

}  // namespace headroom::graph
