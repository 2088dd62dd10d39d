// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/graph/op_entry.h"
#include "engine/formats/onnx_batch.h"

// The operators that are known to compute each sample of a batch alone, and where they leave the batch.
namespace headroom::formats {
namespace {

using graph::Node;
using graph::Shape;
using Place = std::optional<BatchPlace>;
using Numbers = std::vector<std::int64_t>;

/// What a rule looks at: a node and where the batch stands in its inputs.
struct Look {
    const graph::Graph& graph;
    const Node& node;
    const BatchPlaces& inputs;

    bool has(std::size_t input) const { return input < node.inputs.size() && node.inputs[input] != graph::kNone; }
    Place at(std::size_t input) const { return input < inputs.size() ? inputs[input] : std::nullopt; }
    const Shape& shape(std::size_t input) const { return graph.value(node.inputs[input]).type.shape; }
    std::size_t rank(std::size_t input = 0) const { return shape(input).size(); }
    std::size_t madeRank(std::size_t output = 0) const { return graph.value(node.outputs[output]).type.shape.size(); }
    Numbers constant(std::size_t input) const { return has(input) ? graph.value(node.inputs[input]).constant : Numbers{}; }
    std::size_t counted(std::int64_t axis, std::size_t rank) const { return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis); }
    /// An attribute that names a dimension of input 0.
    std::size_t axis(std::int64_t fallback) const { return counted(node.integer("axis", fallback), rank()); }
    /// The batch is in none of the inputs but these.
    bool onlyIn(std::initializer_list<std::size_t> allowed) const {
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (inputs[i] && std::ranges::count(allowed, i) == 0) return false;
        return true;
    }
    /// Likewise, and input 0 has it.
    bool onlyInFirst() const { return onlyIn({0}) && at(0); }
};
using Rule = std::optional<BatchPlaces> (*)(const Look&);

BatchPlaces all(const Look& look, const BatchPlace& place) { return BatchPlaces(look.node.outputs.size(), place); }
BatchPlace moved(BatchPlace place, std::size_t axis) {
    place.axis = axis;
    return place;
}

/// Element by element: operands meet at their ends, so the batch has to stand equally far from all of them.
std::optional<BatchPlaces> elementwise(const Look& look) {
    Place found;
    for (std::size_t i = 0; i < look.inputs.size(); ++i) {
        if (!look.inputs[i]) continue;
        const BatchPlace here = moved(*look.inputs[i], look.inputs[i]->axis + look.madeRank() - look.rank(i));
        if (found && *found != here) return std::nullopt;
        found = here;
    }
    return found ? std::optional(all(look, *found)) : std::nullopt;
}

/// Windows and norms over what stands behind the channels: dimension 0 is the batch by the operator's definition.
std::optional<BatchPlaces> leading(const Look& look) {
    return look.onlyInFirst() && look.at(0)->axis == 0 && look.node.outputs.size() == 1 ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
/// Likewise of two inputs that both have it.
std::optional<BatchPlaces> leadingBoth(const Look& look) {
    return look.onlyIn({0, 1}) && look.at(0) && look.at(0) == look.at(1) && look.at(0)->axis == 0 ? std::optional(all(look, *look.at(0))) : std::nullopt;
}

/// Rearranges other dimensions: that of the batch stays whole, which is looked at afterwards.
std::optional<BatchPlaces> kept(const Look& look) {
    return look.onlyInFirst() && look.madeRank() == look.rank() ? std::optional(all(look, *look.at(0))) : std::nullopt;
}

template <int fallback>
std::optional<BatchPlaces> along(const Look& look) {
    return look.onlyInFirst() && look.axis(fallback) != look.at(0)->axis ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
/// Over a dimension and all behind it.
std::optional<BatchPlaces> fromAxis(const Look& look) {
    return look.onlyInFirst() && look.at(0)->axis < look.axis(-1) ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
std::optional<BatchPlaces> cumulative(const Look& look) {
    const Numbers axis = look.constant(1);
    const bool apart = look.onlyInFirst() && axis.size() == 1 && look.counted(axis[0], look.rank()) != look.at(0)->axis;
    return apart ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
std::optional<BatchPlaces> overAxes(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    const Numbers axes = look.node.integers("axes", {0, 2, 3});
    const auto meets = [&](std::int64_t axis) { return look.counted(axis, look.rank()) == look.at(0)->axis; };
    return std::ranges::none_of(axes, meets) ? std::optional(all(look, *look.at(0))) : std::nullopt;
}

/// The place behind the removal of these dimensions.
std::optional<BatchPlaces> without(const Look& look, const Numbers& axes, bool keep) {
    const std::size_t axis = look.at(0)->axis;
    std::size_t before = 0;
    for (const std::int64_t each : axes) {
        const std::size_t place = look.counted(each, look.rank());
        if (place == axis) return std::nullopt;
        before += place < axis ? 1 : 0;
    }
    return all(look, moved(*look.at(0), keep ? axis : axis - before));
}
std::optional<BatchPlaces> reduced(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    const Numbers axes = look.constant(1);
    if (axes.empty() && look.node.integer("noop_with_empty_axes", 0) == 0) return std::nullopt;
    return without(look, axes, look.node.integer("keepdims", 1) != 0);
}
std::optional<BatchPlaces> largest(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    return without(look, {look.node.integer("axis", 0)}, look.node.integer("keepdims", 1) != 0);
}
/// Without axes every dimension of 1 goes: of one sample the batch's as well.
std::optional<BatchPlaces> squeezed(const Look& look) {
    return look.onlyInFirst() && look.has(1) ? without(look, look.constant(1), false) : std::nullopt;
}
std::optional<BatchPlaces> unsqueezed(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    std::vector<std::size_t> made;
    for (const std::int64_t each : look.constant(1)) made.push_back(look.counted(each, look.madeRank()));
    std::size_t axis = 0;
    for (std::size_t left = look.at(0)->axis; axis < look.madeRank(); ++axis)
        if (std::ranges::count(made, axis) == 0 && left-- == 0) break;
    return all(look, moved(*look.at(0), axis));
}
std::optional<BatchPlaces> transposed(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    Numbers reversed;
    for (std::size_t i = look.rank(); i > 0; --i) reversed.push_back(static_cast<std::int64_t>(i) - 1);
    const Numbers perm = look.node.integers("perm", reversed);
    const auto found = std::ranges::find(perm, static_cast<std::int64_t>(look.at(0)->axis));
    return all(look, moved(*look.at(0), static_cast<std::size_t>(found - perm.begin())));
}

/// The elements of a sample keep their order: as many stand before the batch as did.
std::optional<BatchPlaces> reshaped(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    const BatchPlace from = *look.at(0);
    const Shape &old = look.shape(0), &made = look.graph.value(look.node.outputs[0]).type.shape;
    const auto found = std::ranges::find_if(made, [](const graph::Dim& dim) { return !dim.isFixed() && extentOfSample(dim); });
    if (found == made.end()) return std::nullopt;
    const auto before = std::span(old).first(from.axis), now = std::span(made).first(static_cast<std::size_t>(found - made.begin()));
    const auto axis = static_cast<std::size_t>(found - made.begin());
    if (std::ranges::equal(before, now) && from.isAlone() && *found == OnnxBatch::dim()) return all(look, {axis, 1, 1});
    Numbers oldExtents{from.outer}, newExtents;
    for (const graph::Dim& dim : before) oldExtents.push_back(dim.extent);
    for (const graph::Dim& dim : now) newExtents.push_back(dim.extent);
    const std::int64_t wanted = countOf(oldExtents), count = countOf(newExtents);
    if (wanted < 1 || count < 1 || wanted % count != 0 || *extentOfSample(*found) % (wanted / count) != 0) return std::nullopt;
    return all(look, {axis, wanted / count, *extentOfSample(*found) / (wanted / count)});
}

/// Broadcast to a shape; with `batch_axis` to one sample after the other.
std::optional<BatchPlaces> expanded(const Look& look) {
    const std::int64_t axis = look.node.integer("batch_axis", -1);
    if (axis >= 0) return look.onlyIn({}) ? std::optional(all(look, {static_cast<std::size_t>(axis), 1, 1})) : std::nullopt;
    return look.onlyInFirst() ? elementwise(look) : std::nullopt;
}

std::optional<BatchPlaces> joined(const Look& look) {
    for (const Place& each : look.inputs)
        if (!each || each != look.at(0)) return std::nullopt;
    return look.axis(0) != look.at(0)->axis ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
/// Rows of a table by each sample's numbers, or the same places of every sample.
std::optional<BatchPlaces> gathered(const Look& look) {
    const std::size_t axis = look.axis(0);
    if (look.onlyIn({1})) return look.at(1) ? std::optional(all(look, moved(*look.at(1), look.at(1)->axis + axis))) : std::nullopt;
    if (!look.onlyInFirst() || look.at(0)->axis == axis) return std::nullopt;
    const std::size_t own = look.at(0)->axis;
    return all(look, moved(*look.at(0), own < axis ? own : own - 1 + look.rank(1)));
}
/// All operands have the batch, at one dimension, and the one that is run along is another.
std::optional<BatchPlaces> togetherAlong(const Look& look) { return joined(look); }

std::optional<BatchPlaces> oneHot(const Look& look) {
    if (!look.onlyInFirst()) return std::nullopt;
    const std::size_t made = look.counted(look.node.integer("axis", -1), look.rank() + 1), own = look.at(0)->axis;
    return all(look, moved(*look.at(0), own + (made <= own ? 1 : 0)));
}
std::optional<BatchPlaces> reversed(const Look& look) {
    if (!look.onlyIn({0, 1}) || !look.at(0) || !look.at(1) || look.at(1)->axis != 0) return std::nullopt;
    const bool apart = look.at(0)->axis == static_cast<std::size_t>(look.node.integer("batch_axis", 1)) && look.at(0)->isAlone() && look.at(1)->isAlone();
    return apart ? std::optional(all(look, *look.at(0))) : std::nullopt;
}
/// The upper or lower part of each matrix.
std::optional<BatchPlaces> ofMatrices(const Look& look) {
    return look.onlyInFirst() && look.at(0)->axis + 2 < look.rank() ? std::optional(all(look, *look.at(0))) : std::nullopt;
}

/// Where the dimension of an operand stands, counted from the end of the product: 0 the columns, 1 the rows, from 2 on the stack.
std::optional<std::size_t> inProduct(const Look& look, std::size_t input, bool isLeft) {
    const std::size_t rank = look.rank(input), behind = rank - 1 - look.at(input)->axis;
    if (rank < 2 || behind == (isLeft ? 0u : 1u)) return std::nullopt;  // what is summed over
    return behind;
}
std::optional<BatchPlaces> multiplied(const Look& look, std::size_t left, std::size_t right) {
    if (!look.onlyIn({left, right})) return std::nullopt;
    const Place a = look.at(left), b = look.at(right);
    std::optional<std::size_t> behind;
    if (a) behind = inProduct(look, left, true);
    if (b) {
        const auto other = inProduct(look, right, false);
        if (!other || (a && (behind != other || *other < 2 || a->outer != b->outer || a->inner != b->inner))) return std::nullopt;
        behind = other;
    }
    if (!behind) return std::nullopt;
    // A vector's product has no columns, or no rows.
    const bool noColumns = look.rank(right) == 1, noRows = look.rank(left) == 1;
    if (noColumns || (noRows && *behind > 0)) --*behind;
    return all(look, moved(a ? *a : *b, look.madeRank() - 1 - *behind));
}
std::optional<BatchPlaces> stacks(const Look& look) { return multiplied(look, 0, 1); }
std::optional<BatchPlaces> quantisedStacks(const Look& look) { return multiplied(look, 0, 3); }

std::optional<BatchPlaces> affine(const Look& look) {
    const std::size_t rows = look.node.integer("transA", 0) != 0 ? 1 : 0, columns = look.node.integer("transB", 0) != 0 ? 0 : 1;
    if (!look.onlyIn({0, 1, 2}) || (look.at(0) && look.at(1))) return std::nullopt;
    if ((look.at(0) && look.at(0)->axis != rows) || (look.at(1) && look.at(1)->axis != columns)) return std::nullopt;
    if (!look.at(0) && !look.at(1)) return std::nullopt;
    const BatchPlace made = look.at(0) ? moved(*look.at(0), 0) : moved(*look.at(1), 1);
    if (look.at(2) && moved(*look.at(2), look.at(2)->axis + 2 - look.rank(2)) != made) return std::nullopt;
    return all(look, made);
}

/// The batch's letter: the same in every operand that has it, once there, and in the result.
std::optional<BatchPlaces> einsum(const Look& look) {
    std::string equation = look.node.text("equation", "");
    std::erase(equation, ' ');
    const std::size_t arrow = equation.find("->");
    if (arrow == std::string::npos || equation.find('.') != std::string::npos) return std::nullopt;
    const std::string result = equation.substr(arrow + 2);
    char batch = 0;
    Place place;
    std::size_t from = 0;
    for (std::size_t i = 0; i < look.inputs.size(); ++i) {
        const std::string term = equation.substr(from, std::min(equation.find(',', from), arrow) - from);
        from += term.size() + 1;
        if (!look.at(i)) continue;
        const char letter = look.at(i)->axis < term.size() ? term[look.at(i)->axis] : '\0';
        if ((batch != 0 && letter != batch) || std::ranges::count(term, letter) != 1) return std::nullopt;
        if (place && (place->outer != look.at(i)->outer || place->inner != look.at(i)->inner)) return std::nullopt;
        batch = letter;
        place = look.at(i);
    }
    const std::size_t axis = result.find(batch);
    return place && axis != std::string::npos ? std::optional(all(look, moved(*place, axis))) : std::nullopt;
}

/// x [sequence, batch, width], or [batch, sequence, width] in layout 1; lengths [batch]; states [directions, batch, hidden].
std::optional<BatchPlaces> recurrent(const Look& look) {
    const bool batchFirst = look.node.integer("layout", 0) != 0;
    const std::size_t own = batchFirst ? 0 : 1;
    if (!look.onlyIn({0, 4, 5, 6}) || !look.at(0) || look.at(0)->axis != own) return std::nullopt;
    for (const std::size_t state : {4, 5, 6})
        if (look.has(state) && look.at(state) != Place(moved(*look.at(0), state == 4 ? 0 : own))) return std::nullopt;
    BatchPlaces made(look.node.outputs.size(), moved(*look.at(0), own));
    if (!batchFirst) made[0] = moved(*look.at(0), 2);
    return made;
}

/// Queries, keys and values of every sample, and what is cached of it; a mask may be for all.
std::optional<BatchPlaces> attention(const Look& look) {
    for (const std::size_t i : {0, 1, 2, 4, 5})
        if (look.has(i) && look.at(i) != Place(BatchPlace{})) return std::nullopt;
    if (look.at(3) && *look.at(3) != moved({}, look.rank(3) == 4 ? 0 : SIZE_MAX)) return std::nullopt;
    return look.onlyIn({0, 1, 2, 3, 4, 5}) ? std::optional(all(look, {})) : std::nullopt;
}
std::optional<BatchPlaces> rotated(const Look& look) {
    const bool byPosition = look.has(3);
    for (std::size_t i = 0; i < look.inputs.size(); ++i) {
        const bool ofSamples = i == 0 || (byPosition ? i == 3 : i < 3);
        if (look.at(i) != (ofSamples ? Place(BatchPlace{}) : Place())) return std::nullopt;
    }
    return all(look, {});
}
/// A scale for all, or one a slice of another dimension.
std::optional<BatchPlaces> scaled(const Look& look) {
    const bool isOne = look.has(1) && (look.rank(1) == 0 || look.shape(1) == graph::fixedShape({1}));
    return isOne ? kept(look) : along<1>(look);
}

struct Named {
    std::string_view op;
    Rule rule;
};
constexpr auto kRules = std::to_array<Named>({
    {"ArgMax", largest}, {"ArgMin", largest}, {"Attention", attention}, {"AveragePool", leading}, {"BatchNormalization", leading}, {"Col2Im", leading},
    {"Concat", joined}, {"Conv", leading}, {"ConvInteger", leading}, {"ConvTranspose", leading}, {"CumSum", cumulative}, {"DepthToSpace", leading},
    {"DequantizeLinear", scaled}, {"Einsum", einsum}, {"Expand", expanded}, {"Flatten", reshaped}, {"Gather", gathered}, {"GatherElements", togetherAlong},
    {"Gemm", affine}, {"GlobalAveragePool", leading}, {"GlobalMaxPool", leading}, {"GridSample", leadingBoth}, {"GroupNormalization", leading},
    {"GRU", recurrent}, {"Hardmax", along<-1>}, {"InstanceNormalization", leading}, {"LayerNormalization", fromAxis}, {"LogSoftmax", along<-1>},
    {"LpNormalization", along<-1>}, {"LpPool", leading}, {"LRN", leading}, {"LSTM", recurrent}, {"MatMul", stacks}, {"MatMulInteger", stacks},
    {"MaxPool", leading}, {"MeanVarianceNormalization", overAxes}, {"OneHot", oneHot}, {"Pad", kept}, {"QLinearConv", leading},
    {"QLinearMatMul", quantisedStacks}, {"QuantizeLinear", scaled}, {"ReduceL1", reduced}, {"ReduceL2", reduced}, {"ReduceLogSum", reduced},
    {"ReduceLogSumExp", reduced}, {"ReduceMax", reduced}, {"ReduceMean", reduced}, {"ReduceMin", reduced}, {"ReduceProd", reduced}, {"ReduceSum", reduced},
    {"ReduceSumSquare", reduced}, {"Reshape", reshaped}, {"Resize", kept}, {"ReverseSequence", reversed}, {"RMSNormalization", fromAxis}, {"RNN", recurrent},
    {"RotaryEmbedding", rotated}, {"ScatterElements", togetherAlong}, {"Slice", kept}, {"Softmax", along<-1>}, {"SpaceToDepth", leading}, {"Split", along<0>},
    {"Squeeze", squeezed}, {"Tile", kept}, {"TopK", along<-1>}, {"Transpose", transposed}, {"Trilu", ofMatrices}, {"Unsqueeze", unsqueezed},
});

/// Curves, comparisons, arithmetic: no element of theirs looks at another of the same operand.
constexpr auto kElementwise = std::to_array<std::string_view>({
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "Ceil",
    "Celu", "Clip", "Cos", "Cosh", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish",
    "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow",
    "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Tan", "Tanh",
    "ThresholdedRelu", "Where", "Xor",
});

/// x [batch, n, width] and a table for all samples.
bool addsPositions(const Look& look) { return look.node.op->name == "AddPositions" && look.onlyInFirst() && look.at(0)->axis == 0; }

/// 0, 1, ... along another dimension: the same for all samples.
bool countsPlaces(const Look& look) {
    const auto along = [&] { return look.counted(look.node.integer("axis", 0), look.rank()); };
    return look.node.op->name == "Places" && look.onlyInFirst() && look.at(0)->axis != along();
}

}  // namespace

std::optional<BatchPlaces> placesAfter(const graph::Graph& graph, const Node& node, const BatchPlaces& inputs) {
    const Look look{graph, node, inputs};
    if (addsPositions(look)) return all(look, *look.at(0));
    if (countsPlaces(look)) return BatchPlaces(1);
    if (std::ranges::count(kElementwise, node.op->name)) return elementwise(look);
    const auto rule = std::ranges::find(kRules, node.op->name, &Named::op);
    return rule == kRules.end() ? std::nullopt : rule->rule(look);
}

}  // namespace headroom::formats
