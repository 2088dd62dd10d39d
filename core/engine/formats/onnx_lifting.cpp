// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_importer.h"
#include "engine/formats/onnx_lifting.h"

// How operators of opset 7 to 22 become those of opset 23, which a Graph has; onnx_lowering.cpp goes the other way.
namespace headroom::formats {
namespace {

using graph::Attributes;
using graph::DType;
using graph::kNone;
using graph::Shape;
using graph::ValueId;
using Importer = OnnxImporter;
using Numbers = std::vector<std::int64_t>;

/// All inputs as data, but those that the operator has as constants.
std::vector<ValueId> inputs(Importer& in, const graph::OpEntry& op) {
    std::vector<ValueId> ids;
    for (std::size_t i = 0; i < in.inputCount(); ++i)
        ids.push_back(std::ranges::count(op.constantInputs, static_cast<int>(i)) ? in.constant(i) : in.data(i));
    return ids;
}

Attributes without(Attributes attributes, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (const auto found = attributes.find(name); found != attributes.end()) attributes.erase(found);
    return attributes;
}
Attributes with(Attributes attributes, const std::string& name, graph::Attribute value) {
    attributes.insert_or_assign(name, std::move(value));
    return attributes;
}

void makeAs(Importer& in, std::string_view op, Attributes attributes) { in.make(op, inputs(in, *graph::findOp(op)), std::move(attributes)); }
void same(Importer& in) { makeAs(in, in.node().op, in.node().attributes); }

std::size_t rankOf(const Importer& in, ValueId value) { return in.type(value).shape.size(); }
std::int64_t fixed(const Importer& in, const graph::Dim& dim) {
    if (!dim.isFixed()) in.refuse("a dimension must be fixed", dim.name);
    return dim.extent;
}
std::size_t place(const Importer& in, std::int64_t axis, std::size_t rank) {
    const std::int64_t counted = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (counted < 0 || counted > static_cast<std::int64_t>(rank)) in.refuse("the axis is out of range", fmt::format("{}", axis));
    return static_cast<std::size_t>(counted);
}

/// What arithmetic on them cannot overflow with.
void requireModest(const Importer& in, const Numbers& numbers) {
    constexpr std::int64_t kMost = 1 << 20;
    for (const std::int64_t number : numbers)
        if (number < -kMost || number > kMost) in.refuse("a number is out of range", fmt::format("{}", number));
}

// --- windows

/// Padding that keeps ceil(extent / stride) places; what is odd goes to the end (SAME_UPPER) or to the beginning.
Numbers samePadding(const Importer& in, const Shape& shape, const Numbers& kernel, bool upper) {
    const std::size_t places = kernel.size();
    Numbers strides = in.integers("strides"), dilations = in.integers("dilations"), pads(2 * places, 0);
    strides.resize(places, 1);
    dilations.resize(places, 1);
    requireModest(in, strides);
    requireModest(in, dilations);
    requireModest(in, kernel);
    for (std::size_t i = 0; i < places; ++i) {
        const std::int64_t extent = fixed(in, shape[i + 2]);
        if (strides[i] < 1) in.refuse("a stride is out of range", fmt::format("{}", strides[i]));
        const std::int64_t steps = (extent + strides[i] - 1) / strides[i];
        const std::int64_t all = std::max<std::int64_t>(0, (steps - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - extent);
        pads[i] = upper ? all / 2 : all - all / 2;
        pads[i + places] = all - pads[i];
    }
    return pads;
}

Numbers kernelOf(Importer& in, std::size_t weights) {
    Numbers kernel = in.integers("kernel_shape");
    if (kernel.empty() && weights > 0) {
        const Shape shape = in.type(in.data(weights)).shape;
        for (std::size_t i = 2; i < shape.size(); ++i) kernel.push_back(fixed(in, shape[i]));
    }
    return kernel;
}

/// `auto_pad` as plain padding: the places are known here.
Attributes plainPadding(Importer& in, std::size_t weights) {
    const std::string way = in.text("auto_pad", "NOTSET");
    Attributes attributes = without(in.node().attributes, {"auto_pad"});
    if (way == "NOTSET") return attributes;
    if (way == "VALID") return without(attributes, {"pads"});
    if (way != "SAME_UPPER" && way != "SAME_LOWER") in.refuse("unknown auto_pad", way);
    const Numbers kernel = kernelOf(in, weights);
    const Shape shape = in.type(in.data(0)).shape;
    if (shape.size() != kernel.size() + 2) in.refuse("the kernel does not fit its input", graph::toString(shape));
    return with(attributes, "pads", samePadding(in, shape, kernel, way == "SAME_UPPER"));
}
template <std::size_t weights>
void windowed(Importer& in) {
    makeAs(in, in.node().op, plainPadding(in, weights));
}

/// Padding that gives the wanted extents, or extent * stride.
void convTranspose(Importer& in) {
    const std::string way = in.text("auto_pad", "NOTSET");
    Attributes attributes = without(in.node().attributes, {"auto_pad", "output_shape"});
    Numbers wanted = in.integers("output_shape");
    const Shape x = in.type(in.data(0)).shape;
    const std::size_t places = x.size() < 3 ? 0 : x.size() - 2;
    Numbers strides = in.integers("strides"), dilations = in.integers("dilations"), more = in.integers("output_padding");
    strides.resize(places, 1);
    dilations.resize(places, 1);
    more.resize(places, 0);
    for (const Numbers* each : {&strides, &dilations, &more}) requireModest(in, *each);
    if (way.starts_with("SAME") && wanted.empty())
        for (std::size_t i = 0; i < places; ++i) wanted.push_back(fixed(in, x[i + 2]) * strides[i]);
    if (wanted.empty()) return makeAs(in, "ConvTranspose", way == "VALID" ? without(attributes, {"pads"}) : attributes);
    const Numbers kernel = kernelOf(in, 1);
    requireModest(in, kernel);
    if (wanted.size() == places + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (wanted.size() != places || kernel.size() != places) in.refuse("output_shape does not fit");
    Numbers pads(2 * places, 0);
    for (std::size_t i = 0; i < places; ++i) {
        if (wanted[i] < 1 || wanted[i] > INT32_MAX) in.refuse("an extent is out of range", fmt::format("{}", wanted[i]));
        std::int64_t all = strides[i] * (fixed(in, x[i + 2]) - 1) + more[i] + (kernel[i] - 1) * dilations[i] + 1 - wanted[i];
        if (all < 0) more[i] -= all, all = 0;
        pads[i] = way == "SAME_UPPER" ? all / 2 : all - all / 2;
        pads[i + places] = all - pads[i];
    }
    makeAs(in, "ConvTranspose", with(with(attributes, "pads", pads), "output_padding", more));
}

// --- axes, shapes and limits that were attributes

template <std::size_t since>
void axesAsInput(Importer& in) {
    if (in.opset() >= static_cast<int>(since)) return same(in);
    std::vector<ValueId> ids{in.data(0)};
    if (const Numbers axes = in.integers("axes"); !axes.empty()) ids.push_back(in.constantOf(axes));
    in.make(in.node().op, ids, without(in.node().attributes, {"axes"}));
}

/// As many parts make these extents, of which the last one is smaller: what a number of outputs means.
bool isCountOfParts(const Importer& in, const Numbers& extents) {
    const std::int64_t all = std::accumulate(extents.begin(), extents.end(), std::int64_t{0}), count = std::ssize(extents), each = (all + count - 1) / std::max<std::int64_t>(1, count);
    return in.opset() < 18 && count > 1 && extents.back() < each && extents.back() >= 0 && std::all_of(extents.begin(), extents.end() - 1, [each](std::int64_t extent) { return extent == each; });
}

void split(Importer& in) {
    const Attributes attributes = without(in.node().attributes, {"split", "num_outputs"});
    std::vector<ValueId> ids{in.data(0)};
    const auto parts = static_cast<std::int64_t>(in.node().outputs.size());
    const std::size_t sizes = in.has(1) ? in.numbers(1).size() : in.integers("split").size();
    if ((sizes > 0 && static_cast<std::int64_t>(sizes) != parts) || in.integer("num_outputs", parts) != parts) in.refuse("the outputs are not as many as the parts", fmt::format("{}", parts));
    if (in.has(1) && isCountOfParts(in, in.numbers(1))) return in.make("Split", ids, with(attributes, "num_outputs", parts));
    if (in.has(1)) return in.make("Split", {ids[0], in.constant(1)}, attributes);
    if (sizes > 0) return in.make("Split", {ids[0], in.constantOf(in.integers("split"))}, attributes);
    in.make("Split", ids, with(attributes, "num_outputs", parts));
}

void clip(Importer& in) {
    const ValueId x = in.data(0);
    if (in.opset() >= 11) {
        const auto known = [&](std::size_t input) {
            if (!in.has(input)) return kNone;
            const Content* content = in.content(input);
            return content && content->isFixed() && graph::isFloating(in.type(x).dtype) ? in.constant(input) : in.data(input);
        };
        return in.make("Clip", {x, known(1), known(2)});
    }
    const auto bound = [&](std::string_view name) { return in.node().attributes.contains(name) ? in.scalar(in.real(name, 0), in.type(x).dtype) : kNone; };
    in.make("Clip", {x, bound("min"), bound("max")});
}

void pad(Importer& in) {
    if (in.opset() >= 11) return same(in);
    const ValueId x = in.data(0);
    in.make("Pad", {x, in.constantOf(in.integers("pads")), in.scalar(in.real("value", 0), in.type(x).dtype)}, without(in.node().attributes, {"pads", "value"}));
}

void topK(Importer& in) {
    if (in.opset() >= 10) return same(in);
    in.make("TopK", {in.data(0), in.constantOf(Numbers{in.integer("k", 0)})}, without(in.node().attributes, {"k"}));
}

/// Written for training or not: it drops in training alone.
void dropout(Importer& in) {
    const bool trains = in.has(2) && in.content(2) && in.content(2)->isFixed() && in.numbers(2) != Numbers{0};
    if (in.has(2) && !in.content(2)) in.refuse("training_mode must be a constant");
    const Content* given = in.has(1) ? in.content(1) : nullptr;
    const double ratio = given && given->reals.size() == 1 ? given->reals[0] : in.real("ratio", 0.5);
    if (trains && ratio != 0 && in.wants(1)) in.refuse("what it dropped at random is no output");
    const ValueId x = in.data(0);
    const bool nothing = !(ratio > 0 && ratio < 1);  // outside of training it does nothing whatever the ratio
    in.give(0, nothing ? in.step("Identity", {x}) : in.step("Dropout", {x}, {{"ratio", ratio}}));
    if (!in.wants(1)) return;
    Numbers extents;
    for (const graph::Dim& dim : in.type(x).shape) extents.push_back(fixed(in, dim));
    in.give(1, in.step("ConstantOfShape", {in.constantOf(extents)}, {{"dtype", graph::onnxType(DType::Bool)}, {"value", std::int64_t{1}}}));
}

// --- softmax until opset 12: all from the axis on is one dimension

void softmax(Importer& in) {
    if (in.opset() >= 13) return same(in);
    const ValueId x = in.data(0);
    const std::size_t rank = rankOf(in, x), axis = place(in, in.integer("axis", 1), rank);
    if (axis + 1 == rank) return in.make(in.node().op, {x}, {{"axis", std::int64_t{-1}}});
    const ValueId flat = in.step("Flatten", {x}, {{"axis", static_cast<std::int64_t>(axis)}});
    const ValueId made = in.step(in.node().op, {flat}, {{"axis", std::int64_t{-1}}});
    Numbers back;
    bool open = false;
    for (const graph::Dim& dim : in.type(x).shape) {
        if (!dim.isFixed() && std::exchange(open, true)) in.refuse("more than one dimension is named", dim.name);
        back.push_back(dim.isFixed() ? dim.extent : -1);
    }
    in.make("Reshape", {made, in.constantOf(back)}, {{"allowzero", std::int64_t{open ? 0 : 1}}});
}

// --- resizing

void upsample(Importer& in) {
    const auto scales = in.node().attributes.find("scales");
    const auto* written = scales == in.node().attributes.end() ? nullptr : std::get_if<std::vector<double>>(&scales->second);
    const ValueId factors = written ? in.constantOf(*written) : in.constant(1);
    Attributes attributes{{"mode", in.text("mode", "nearest")}, {"coordinate_transformation_mode", std::string("asymmetric")}, {"nearest_mode", std::string("floor")}};
    in.make("Resize", {in.data(0), kNone, factors}, attributes);
}

/// Opset 11's tf_half_pixel_for_nn stands half a pixel behind half_pixel: what it rounds down to, the other rounds to, a half upwards.
Attributes ofHalfPixels(const Importer& in) {
    const std::string nearest = in.text("nearest_mode", "round_prefer_floor");
    if (in.text("mode", "nearest") != "nearest" || nearest != "floor") in.refuse("tf_half_pixel_for_nn needs the nearest pixel, rounded down", nearest);
    return with(with(in.node().attributes, "coordinate_transformation_mode", std::string("half_pixel")), "nearest_mode", std::string("round_prefer_ceil"));
}

/// Sizes of the dimensions that have numbers: a named one, as the batch is, keeps its extent, whatever that will be.
ValueId sizesOf(Importer& in, ValueId x, Attributes& attributes) {
    const Content* given = in.content(3);
    if (!given) in.refuse("the sizes must be constants");
    const Shape shape = in.type(x).shape;
    Numbers axes = in.integers("axes"), kept, extents;
    if (axes.empty()) axes.resize(shape.size()), std::iota(axes.begin(), axes.end(), std::int64_t{0});
    if (axes.size() != given->numbers.size()) in.refuse("one extent an axis is needed");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const graph::Dim& size = given->numbers[i];
        const std::size_t dim = place(in, axes[i], shape.size());
        if (dim >= shape.size()) in.refuse("the axis is out of range", fmt::format("{}", axes[i]));
        const bool stays = !shape[dim].isFixed() && (size == shape[dim] || size == graph::Dim::fixed(1));
        if (stays) continue;
        if (!size.name.empty() || !shape[dim].isFixed()) in.refuse("a named dimension cannot be resized", shape[dim].name);
        kept.push_back(axes[i]);
        extents.push_back(size.extent);
    }
    if (kept.size() < axes.size()) attributes.insert_or_assign("axes", kept);
    return in.constantOf(extents);
}

void resize(Importer& in) {
    const ValueId x = in.data(0);
    if (in.opset() == 10)
        return in.make("Resize", {x, kNone, in.constant(1)},
                       {{"mode", in.text("mode", "nearest")}, {"coordinate_transformation_mode", std::string("asymmetric")}, {"nearest_mode", std::string("floor")}});
    const auto filled = [&](std::size_t input) { return in.has(input) && (!in.content(input) || in.content(input)->count() > 0); };
    Attributes attributes = in.node().attributes;
    if (in.text("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn") attributes = ofHalfPixels(in);
    const bool crops = in.text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
    const ValueId sizes = filled(3) ? sizesOf(in, x, attributes) : kNone;
    in.make("Resize", {x, crops ? in.constant(1) : kNone, filled(2) ? in.constant(2) : kNone, sizes}, std::move(attributes));
}

void gridSample(Importer& in) {
    const std::string mode = in.text("mode", "");
    if (mode.empty()) return same(in);  // linear, by either name
    const std::string now = mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode;
    in.make("GridSample", {in.data(0), in.data(1)}, with(in.node().attributes, "mode", now));
}

// --- norms

Numbers allButChannels(std::size_t rank) {
    Numbers axes;
    for (std::size_t dim = 0; dim < rank; ++dim)
        if (dim != 1) axes.push_back(static_cast<std::int64_t>(dim));
    return axes;
}

/// A vector over the channels with the places behind it, so that it meets [batch, channels, places ...].
ValueId overPlaces(Importer& in, ValueId vector, std::size_t rank) {
    Numbers axes(rank > 2 ? rank - 2 : 0);
    std::iota(axes.begin(), axes.end(), std::int64_t{1});
    return axes.empty() ? vector : in.step("Unsqueeze", {vector, in.constantOf(axes)});
}

/// With training_mode the batch's own statistics are used and given: written out.
void trainingBatchNorm(Importer& in) {
    const ValueId x = in.data(0);
    const std::size_t rank = rankOf(in, x);
    const DType type = in.type(x).dtype;
    const auto meanOf = [&](ValueId value) { return in.step("ReduceMean", {value, in.constantOf(allButChannels(rank))}, {{"keepdims", std::int64_t{0}}}); };
    const ValueId mean = meanOf(x), centred = in.step("Sub", {x, overPlaces(in, mean, rank)});
    const ValueId variance = meanOf(in.step("Mul", {centred, centred}));
    const ValueId deviation = in.step("Sqrt", {in.step("Add", {variance, in.scalar(in.real("epsilon", 1e-5), type)})});
    const ValueId scaled = in.step("Mul", {centred, overPlaces(in, in.step("Div", {in.data(1), deviation}), rank)});
    in.give(0, in.step("Add", {scaled, overPlaces(in, in.data(2), rank)}));
    const double momentum = in.real("momentum", 0.9);
    const ValueId statistics[] = {mean, variance};
    for (std::size_t k = 1; k < 3; ++k) {
        const ValueId old = in.step("Mul", {in.data(k + 2), in.scalar(momentum, type)}), now = in.step("Mul", {statistics[k - 1], in.scalar(1 - momentum, type)});
        if (in.wants(k)) in.give(k, in.step("Add", {old, now}));
    }
}

/// A net that was written as it stood in training has norms that follow the batch; their statistics are there for when it is used.
void batchNorm(Importer& in) {
    const bool tellsStatistics = in.wants(1) || in.wants(2);
    if (in.opset() >= 14 && in.integer("training_mode", 0) != 0 && tellsStatistics) return trainingBatchNorm(in);
    if (in.integer("spatial", 1) == 0) in.refuse("statistics by place are not supported");
    in.give(0, in.step("BatchNormalization", {in.data(0), in.data(1), in.data(2), in.data(3), in.data(4)},
                       without(in.node().attributes, {"training_mode", "spatial", "is_test", "consumed_inputs"})));
    for (std::size_t k = 1; k < in.node().outputs.size(); ++k)
        if (in.wants(k)) in.refuse("statistics are no outputs outside of training", in.node().outputs[k]);
}

Numbers extentsOf(const Importer& in, const Shape& shape) {
    Numbers extents;
    bool open = false;
    for (const graph::Dim& dim : shape) {
        if (!dim.isFixed() && std::exchange(open, true)) in.refuse("more than one dimension is named", dim.name);
        extents.push_back(dim.isFixed() ? dim.extent : -1);
    }
    return extents;
}

/// Over several dimensions as over one; the statistics, where they are asked for, from the input once more.
void layerNorm(Importer& in) {
    const ValueId x = in.data(0);
    const Shape shape = in.type(x).shape;
    const std::size_t axis = place(in, in.integer("axis", -1), shape.size());
    const Attributes attributes{{"axis", std::int64_t{-1}}, {"epsilon", in.real("epsilon", 1e-5)}};
    const bool last = axis + 1 == shape.size() && shape.size() != 4;  // four dimensions lie in memory as pictures do, not by rows
    const Numbers flat{-1};
    const auto vector = [&](std::size_t input) { return !in.has(input) ? kNone : last ? in.data(input) : in.step("Reshape", {in.data(input), in.constantOf(flat)}); };
    ValueId rows = x;
    if (!last) rows = in.step("Flatten", {x}, {{"axis", static_cast<std::int64_t>(axis)}});
    ValueId made = in.step("LayerNormalization", {rows, vector(1), vector(2)}, attributes);
    if (!last) made = in.step("Reshape", {made, in.constantOf(extentsOf(in, shape))});
    in.give(0, made);
    if (!in.wants(1) && !in.wants(2)) return;
    Numbers axes(shape.size() - axis);
    std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(axis));
    const auto meanOf = [&](ValueId value) { return in.step("ReduceMean", {value, in.constantOf(axes)}); };
    const ValueId mean = meanOf(x), centred = in.step("Sub", {x, mean});
    in.give(1, mean);
    const ValueId variance = in.step("Add", {meanOf(in.step("Mul", {centred, centred})), in.scalar(in.real("epsilon", 1e-5), in.type(x).dtype)});
    in.give(2, in.step("Reciprocal", {in.step("Sqrt", {variance})}));
}

/// Until opset 20 scale and bias are by group.
void groupNorm(Importer& in) {
    if (in.opset() >= 21) return same(in);
    const ValueId x = in.data(0);
    if (rankOf(in, x) < 2) in.refuse("its input has too few dimensions");
    const std::int64_t channels = fixed(in, in.type(x).shape[1]), groups = in.integer("num_groups", 1);
    if (groups < 1 || channels % groups != 0) in.refuse("the channels do not divide into groups", fmt::format("{}", groups));
    const auto byChannel = [&](std::size_t input) {
        const ValueId column = in.step("Reshape", {in.data(input), in.constantOf(Numbers{groups, 1})});
        return in.step("Reshape", {in.step("Expand", {column, in.constantOf(Numbers{groups, channels / groups})}), in.constantOf(Numbers{channels})});
    };
    in.make("GroupNormalization", {x, byChannel(1), byChannel(2)}, in.node().attributes);
}

// --- others

void castLike(Importer& in) {
    const ValueId x = in.data(0);
    in.make("Cast", {x}, with(in.node().attributes, "to", graph::onnxType(in.type(in.data(1)).dtype)));
}

/// Cut in the middle, or with zeros around.
void centerCropPad(Importer& in) {
    const ValueId x = in.data(0);
    const Shape shape = in.type(x).shape;
    const Numbers wanted = in.numbers(1);
    Numbers axes = in.integers("axes");
    if (axes.empty()) axes.resize(shape.size()), std::iota(axes.begin(), axes.end(), std::int64_t{0});
    if (axes.size() != wanted.size()) in.refuse("one extent an axis is needed");
    Numbers pads(2 * axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t dim = place(in, axes[i], shape.size());
        if (wanted[i] < 0 || wanted[i] > INT32_MAX || dim >= shape.size()) in.refuse("an extent is out of range", fmt::format("{}", wanted[i]));
        const std::int64_t more = wanted[i] - fixed(in, shape[dim]);
        pads[i] = more >= 0 ? more / 2 : -(-more / 2);
        pads[i + axes.size()] = more - pads[i];
    }
    in.make("Pad", {x, in.constantOf(pads), kNone, in.constantOf(axes)});
}

/// The writer says the usual axes, a graph does not.
void meanVariance(Importer& in) {
    const bool isUsual = in.integers("axes") == Numbers{0, 2, 3};
    makeAs(in, "MeanVarianceNormalization", isUsual ? without(in.node().attributes, {"axes"}) : in.node().attributes);
}

template <const char* op>
void renamed(Importer& in) {
    makeAs(in, op, in.node().attributes);
}
constexpr char kScatterElements[] = "ScatterElements";

/// Until opset 12 whole numbers compare and divide as they do now; the attribute only said to which axis an operand belongs.
void withoutBroadcast(Importer& in) { makeAs(in, in.node().op, without(in.node().attributes, {"axis", "broadcast"})); }

struct Rule {
    std::string_view op;
    void (*apply)(Importer&);
};

constexpr auto kRules = std::to_array<Rule>({
    {"AveragePool", windowed<0>}, {"BatchNormalization", batchNorm}, {"CastLike", castLike}, {"CenterCropPad", centerCropPad}, {"Clip", clip},
    {"Concat", liftConcat}, {"ConstantOfShape", liftConstantOfShape}, {"Conv", windowed<1>}, {"ConvInteger", windowed<1>}, {"ConvTranspose", convTranspose}, {"Dropout", dropout},
    {"Equal", withoutBroadcast}, {"Expand", liftExpand}, {"Gather", liftGather}, {"GridSample", gridSample}, {"GRU", liftRecurrent}, {"GroupNormalization", groupNorm}, {"Hardmax", softmax},
    {"LayerNormalization", layerNorm}, {"LSTM", liftRecurrent}, {"LogSoftmax", softmax}, {"LpPool", windowed<0>}, {"MaxPool", windowed<0>}, {"MeanVarianceNormalization", meanVariance}, {"Pad", pad},
    {"QLinearConv", windowed<3>}, {"Range", liftRange}, {"ReduceL1", axesAsInput<18>}, {"ReduceL2", axesAsInput<18>}, {"ReduceLogSum", axesAsInput<18>},
    {"ReduceLogSumExp", axesAsInput<18>}, {"ReduceMax", axesAsInput<18>}, {"ReduceMean", axesAsInput<18>}, {"ReduceMin", axesAsInput<18>},
    {"ReduceProd", axesAsInput<18>}, {"ReduceSum", axesAsInput<13>}, {"ReduceSumSquare", axesAsInput<18>}, {"Reshape", liftReshape}, {"Resize", resize},
    {"RNN", liftRecurrent}, {"Scatter", renamed<kScatterElements>}, {"Slice", liftSlice}, {"Softmax", softmax}, {"Split", split}, {"Squeeze", axesAsInput<13>}, {"TopK", topK},
    {"Unsqueeze", axesAsInput<13>}, {"Upsample", upsample},
});

const Rule* ruleFor(std::string_view op) {
    const auto rule = std::ranges::find(kRules, op, &Rule::op);
    return rule == kRules.end() ? nullptr : &*rule;
}

/// Operators whose older forms have constants at other places.
std::vector<std::size_t> extraConstants(std::string_view op, int opset) {
    if (op == "Upsample" || op == "CenterCropPad" || (op == "Resize" && opset == 10)) return {1};
    return op == "Dropout" ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{};
}

}  // namespace

void lift(OnnxImporter& importer) {
    const Rule* rule = ruleFor(importer.node().op);
    rule ? rule->apply(importer) : same(importer);
}

bool isLiftable(std::string_view op) { return ruleFor(op) || graph::findOp(op); }

std::vector<std::size_t> constantInputsOf(const OnnxNode& node, int opset) {
    std::vector<std::size_t> all = extraConstants(node.op, opset);
    if (const graph::OpEntry* entry = graph::findOp(node.op); entry && all.empty())
        for (const int input : entry->constantInputs) all.push_back(static_cast<std::size_t>(input));
    return all;
}

}  // namespace headroom::formats
