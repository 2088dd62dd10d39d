// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_recognition.h"

// Curves, norms and added positions, as onnx_lowering.cpp writes them and as PyTorch's exporter does.
namespace headroom::formats {
namespace {

using graph::Dim;
using graph::kNone;
using graph::Node;
using graph::Shape;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

/// A product taken apart: which of the wanted values are its factors, how often, and the number beside them.
struct Factors {
    std::vector<int> counts;
    double number = 1;
    bool hasOthers = false;
};
void take(Factors& factors, const Composed& net, ValueId value, const std::vector<ValueId>& wanted, int depth = 0) {
    constexpr int kDeepest = 4;
    value = net.through(value);
    if (const auto found = std::ranges::find(wanted, value); found != wanted.end()) {
        ++factors.counts[static_cast<std::size_t>(found - wanted.begin())];
        return;
    }
    if (const auto number = net.number(value)) {
        factors.number *= *number;
        return;
    }
    const Node* node = net.maker(value);
    if (node && node->op->name == "Mul" && depth < kDeepest) {
        for (const ValueId each : node->inputs) take(factors, net, each, wanted, depth + 1);
    } else if (node && node->op->name == "Pow" && wanted.size() == 1 && net.through(node->inputs[0]) == wanted[0] && net.isNumber(node->inputs[1], 3)) {
        factors.counts[0] += 3;
    } else {
        factors.hasOthers = true;
    }
}
/// Whether a value is the product of these, each as often as told, and of a number.
bool isProduct(const Composed& net, ValueId value, const std::vector<ValueId>& wanted, const std::vector<int>& counts, double number) {
    Factors factors{std::vector<int>(wanted.size(), 0)};
    take(factors, net, value, wanted);
    return !factors.hasOthers && factors.counts == counts && std::abs(factors.number - number) <= 1e-6 * std::abs(number);
}

/// 1 + erf(x / sqrt(2)) or 1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)): of which x, and which of the two.
struct Bend {
    ValueId x = kNone;
    bool isTanh = false;
};
std::optional<Bend> bendOf(const Composed& net, ValueId value) {
    const Node* sum = net.maker(value, "Add");
    const auto inner = sum ? net.withNumber(*sum) : std::nullopt;
    const Node* curve = inner && inner->second == 1 ? net.maker(inner->first) : nullptr;
    if (!curve || (curve->op->name != "Erf" && curve->op->name != "Tanh")) return std::nullopt;
    const Node* scaled = net.maker(curve->inputs[0]);
    const auto of = scaled ? net.withNumber(*scaled) : std::nullopt;
    if (!of) return std::nullopt;
    const auto is = [](double number, double wanted) { return std::abs(number - wanted) <= 1e-6 * wanted; };
    const bool divides = scaled->op->name == "Div" && net.number(scaled->inputs[1]), times = scaled->op->name == "Mul";
    if (curve->op->name == "Erf") {
        const bool fits = (divides && is(of->second, std::numbers::sqrt2)) || (times && is(of->second, 1 / std::numbers::sqrt2));
        return fits ? std::optional(Bend{net.through(of->first), false}) : std::nullopt;
    }
    const Node* bent = net.maker(of->first, "Add");
    if (!times || !is(of->second, std::sqrt(2 / std::numbers::pi)) || !bent) return std::nullopt;
    for (const std::size_t k : {0, 1}) {
        const ValueId x = net.through(bent->inputs[k]);
        if (isProduct(net, bent->inputs[1 - k], {x}, {3}, 0.044715)) return Bend{x, true};
    }
    return std::nullopt;
}

/// Of the trailing dimensions that a norm goes over, the first; nothing where it is over others.
std::optional<std::size_t> firstOf(Numbers axes, std::size_t rank) {
    for (std::int64_t& axis : axes) axis = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    std::ranges::sort(axes);
    for (std::size_t k = 0; k < axes.size(); ++k)
        if (axes[k] != static_cast<std::int64_t>(rank - axes.size() + k)) return std::nullopt;
    return axes.empty() ? std::nullopt : std::optional(static_cast<std::size_t>(axes[0]));
}

/// 1 / sqrt(mean(x^2) + epsilon), or its reciprocal.
struct MeanSquare {
    ValueId x = kNone;
    double epsilon = 0;
    std::size_t axis = 0;
};
std::optional<MeanSquare> meanSquareOf(const Composed& net, ValueId root) {
    const Node* square = net.maker(root, "Sqrt");
    const Node* sum = square ? net.maker(square->inputs[0], "Add") : nullptr;
    const auto inner = sum ? net.withNumber(*sum) : std::nullopt;
    const Node* mean = inner ? net.maker(inner->first, "ReduceMean") : nullptr;
    if (!mean || mean->inputs.size() < 2 || mean->integer("keepdims", 1) == 0) return std::nullopt;
    const Node* power = net.maker(mean->inputs[0]);
    const bool isSquare = power && ((power->op->name == "Mul" && net.through(power->inputs[0]) == net.through(power->inputs[1])) ||
                                    (power->op->name == "Pow" && net.isNumber(power->inputs[1], 2)));
    if (!isSquare) return std::nullopt;
    const auto axis = firstOf(net.constant(mean->inputs[1]), net.shape(power->inputs[0]).size());
    return axis ? std::optional(MeanSquare{net.through(power->inputs[0]), inner->second, *axis}) : std::nullopt;
}
/// x / root, or x * (1 / root).
std::optional<MeanSquare> normedBy(const Composed& net, ValueId value) {
    const Node* node = net.maker(value);
    if (!node || (node->op->name != "Div" && node->op->name != "Mul")) return std::nullopt;
    if (node->op->name == "Div") {
        const auto found = meanSquareOf(net, node->inputs[1]);
        return found && net.through(node->inputs[0]) == found->x ? found : std::nullopt;
    }
    for (const std::size_t k : {0, 1}) {
        const Node* inverse = net.maker(node->inputs[k]);
        if (!inverse) continue;
        const bool isOne = inverse->op->name == "Div" && net.isNumber(inverse->inputs[0], 1);
        if (!isOne && inverse->op->name != "Reciprocal") continue;
        const auto found = meanSquareOf(net, inverse->inputs[isOne ? 1 : 0]);
        if (found && net.through(node->inputs[1 - k]) == found->x) return found;
    }
    return std::nullopt;
}

constexpr double kUsualEpsilon = 1e-5;
graph::Attributes epsilonUnlessUsual(double epsilon) {
    return std::abs(epsilon - kUsualEpsilon) <= 1e-6 * kUsualEpsilon ? graph::Attributes{} : graph::Attributes{{"epsilon", epsilon}};
}

bool holdsOnly(const Composed& net, ValueId value, float number) {
    value = net.through(value);
    if (const Node* repeated = net.maker(value, "Expand")) value = net.through(repeated->inputs[0]);
    const auto all = net.elements(value);
    return all && !all->empty() && std::ranges::all_of(*all, [number](float each) { return each == number; });
}
/// A vector by channel [c] of what is written as [c, 1, ..], to meet `rank` dimensions; the steps get one where it has to be made.
std::optional<ValueId> byChannel(const Composed& net, ValueId value, const Dim& channels, std::size_t rank, std::vector<StepBefore>& steps) {
    value = net.through(value);
    const Shape& shape = net.shape(value);
    const bool isByChannel = shape.size() + 1 >= rank && shape.size() <= rank && shape[shape.size() + 1 - rank] == channels && graph::product(shape) == channels;
    if (!isByChannel) return std::nullopt;
    const Node* made = net.maker(value);
    if (made && (made->op->name == "Reshape" || made->op->name == "Unsqueeze") && net.shape(made->inputs[0]) == Shape{channels}) return net.through(made->inputs[0]);
    steps.push_back({"Reshape", {value}, {}, {channels.extent}});
    return beforeIt(static_cast<int>(steps.size()) - 1);
}

}  // namespace

Recognition recogniseGelu(const Composed& net, const Node& last) {
    for (const ValueId outer : last.inputs) {
        const Node* inner = net.maker(outer, "Mul");
        const std::vector<ValueId> candidates = inner ? std::vector{outer, inner->inputs[0], inner->inputs[1]} : std::vector{outer};
        for (const ValueId candidate : candidates) {
            const auto bend = bendOf(net, candidate);
            if (!bend || !isProduct(net, last.outputs[0], {bend->x, net.through(candidate)}, {1, 1}, 0.5)) continue;
            graph::Attributes attributes;
            if (bend->isTanh) attributes.emplace("approximate", std::string("tanh"));
            return Recognised{.op = "Gelu", .inputs = {bend->x}, .attributes = std::move(attributes)};
        }
    }
    return std::nullopt;
}

Recognition recogniseMish(const Composed& net, const Node& last) {
    for (const std::size_t k : {0, 1}) {
        const Node* bent = net.maker(last.inputs[k], "Tanh");
        const Node* soft = bent ? net.maker(bent->inputs[0], "Softplus") : nullptr;
        const ValueId x = net.through(last.inputs[1 - k]);
        if (soft && net.through(soft->inputs[0]) == x) return Recognised{.op = "Mish", .inputs = {x}, .attributes = {}};
    }
    return std::nullopt;
}

/// The first rows of a table, added to a sequence of as many.
Recognition recognisePositions(const Composed& net, const Node& last) {
    for (const std::size_t k : {1, 0}) {
        const ValueId x = net.through(last.inputs[1 - k]);
        const Node* rows = net.maker(last.inputs[k], "Gather");
        if (!rows || net.shape(x).size() != 3 || net.shape(last.outputs[0]) != net.shape(x) || rows->integer("axis", 0) != 0) continue;
        const Node* places = net.maker(rows->inputs[1]);
        if (places && (places->op->name == "Unsqueeze" || places->op->name == "Reshape")) places = net.maker(places->inputs[0]);
        const ValueId table = net.through(rows->inputs[0]);
        if (!places || places->op->name != "Places" || net.shape(places->outputs[0])[0] != net.shape(x)[1]) continue;
        const bool fits = net.shape(table).size() == 2 && net.shape(table)[0].isFixed() && net.shape(table)[1] == net.shape(x)[2];
        if (fits) return Recognised{.op = "AddPositions", .inputs = {x, table}, .attributes = {}, .domain = "headroom"};
    }
    return std::nullopt;
}

Recognition recogniseRootMeanSquare(const Composed& net, const Node& last) {
    for (const std::size_t k : {0, 1}) {
        const auto found = normedBy(net, last.inputs[k]);
        const ValueId scale = net.through(last.inputs[1 - k]);
        if (!found) continue;
        const Shape& shape = net.shape(found->x);
        if (net.shape(scale) != Shape(shape.begin() + static_cast<std::ptrdiff_t>(found->axis), shape.end())) continue;
        graph::Attributes attributes = epsilonUnlessUsual(found->epsilon);
        if (found->axis + 1 != shape.size()) attributes.emplace("axis", static_cast<std::int64_t>(found->axis));
        return Recognised{.op = "RMSNormalization", .inputs = {found->x, scale}, .attributes = std::move(attributes)};
    }
    return std::nullopt;
}

/// The root mean square of what is left when the mean is taken off, then scale and bias.
Recognition recogniseLayerNorm(const Composed& net, const Node& last) {
    for (const std::size_t k : {0, 1}) {
        const Node* scaled = net.maker(last.inputs[k], "Mul");
        const Recognition norm = scaled ? recogniseRootMeanSquare(net, *scaled) : std::nullopt;
        const Node* centred = norm && !norm->attributes.contains("axis") ? net.maker(norm->inputs[0], "Sub") : nullptr;
        const Node* mean = centred ? net.maker(centred->inputs[1], "ReduceMean") : nullptr;
        if (!mean || mean->inputs.size() < 2 || net.through(mean->inputs[0]) != net.through(centred->inputs[0]) || mean->integer("keepdims", 1) == 0) continue;
        const ValueId x = net.through(centred->inputs[0]), bias = net.through(last.inputs[1 - k]);
        const Shape& shape = net.shape(x);
        const bool isUsual = shape.size() != 4 && shape.back().isFixed() && net.shape(bias) == Shape{shape.back()};  // four dimensions lie as pictures do
        if (!isUsual || firstOf(net.constant(mean->inputs[1]), shape.size()) != shape.size() - 1) continue;
        graph::Attributes attributes = norm->attributes;
        attributes.emplace("axis", std::int64_t{-1});
        return Recognised{.op = "LayerNormalization", .inputs = {x, norm->inputs[1], bias}, .attributes = std::move(attributes)};
    }
    return std::nullopt;
}

/// One number in all places of a shape that is known.
Recognition recogniseFilling(const Composed& net, const Node& last) {
    const Node* filled = last.op->name == "Cast" ? net.maker(last.inputs[0], "Expand") : &last;
    const auto number = filled && filled->integer("batch_axis", -1) == -1 ? net.number(filled->inputs[0]) : std::nullopt;
    if (!number || !net.shape(filled->inputs[0]).empty()) return std::nullopt;
    graph::Attributes attributes;
    const bool isReal = graph::isFloating(net.type(filled->outputs[0]));
    if (isReal && *number != 0) attributes.emplace("value", *number);
    if (!isReal) attributes.emplace("value", static_cast<std::int64_t>(*number));
    if (net.type(last.outputs[0]) != graph::DType::F32) attributes.emplace("dtype", graph::onnxType(net.type(last.outputs[0])));
    return Recognised{.op = "ConstantOfShape", .inputs = {filled->inputs[1]}, .attributes = std::move(attributes)};
}

/// Groups as the channels of an instance normalisation, then scale and bias by channel.
Recognition recogniseGroupNorm(const Composed& net, const Node& last) {
    for (const std::size_t k : {0, 1}) {
        const Node* scaled = net.maker(last.inputs[k], "Mul");
        for (const std::size_t j : {0, 1}) {
            const Node* back = scaled ? net.maker(scaled->inputs[j], "Reshape") : nullptr;
            const Node* normed = back ? net.maker(back->inputs[0], "InstanceNormalization") : nullptr;
            const Node* apart = normed ? net.maker(normed->inputs[0], "Reshape") : nullptr;
            if (!apart || !holdsOnly(net, normed->inputs[1], 1) || !holdsOnly(net, normed->inputs[2], 0)) continue;
            const ValueId x = net.through(apart->inputs[0]);
            const Shape &shape = net.shape(x), &groups = net.shape(apart->outputs[0]);
            const bool isSplit = groups.size() == 3 && groups[0] == shape[0] && groups[1].isFixed();
            if (!isSplit || shape.size() < 3 || net.shape(last.outputs[0]) != shape || !shape[1].isFixed()) continue;
            std::vector<StepBefore> steps;
            const auto scale = byChannel(net, scaled->inputs[1 - j], shape[1], shape.size(), steps),
                       bias = byChannel(net, last.inputs[1 - k], shape[1], shape.size(), steps);
            if (!scale || !bias || shape[1].extent % groups[1].extent != 0) continue;
            graph::Attributes attributes = epsilonUnlessUsual(normed->real("epsilon", kUsualEpsilon));
            attributes.emplace("num_groups", groups[1].extent);
            return Recognised{.op = "GroupNormalization", .inputs = {x, *scale, *bias}, .attributes = std::move(attributes), .before = std::move(steps)};
        }
    }
    return std::nullopt;
}

}  // namespace headroom::formats
