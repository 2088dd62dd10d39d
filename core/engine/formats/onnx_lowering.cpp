// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "engine/formats/onnx_emitter.h"

namespace headroom::formats {
namespace {

using graph::Attributes;
using graph::Node;
using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

using Emitter = OnnxEmitter;

/// Operators that mean the same in every opset of the range.
void copy(Emitter& out, const Node& node) {
    out.make(node, std::string(node.op->name), out.inputs(node, node.inputs.size()), node.attributes);
}

void pass(Emitter& out, const Node& node) { out.pass(node); }

Attributes epsilonOf(const Node& node) { return {{"epsilon", node.real("epsilon", 1e-5)}}; }

/// Runtimes do without the momentum, who trains on does not.
Attributes batchNormOf(const Node& node) {
    return {{"epsilon", node.real("epsilon", 1e-5)}, {"momentum", node.real("momentum", 0.9)}};
}

void batchNorm(Emitter& out, const Node& node) {
    out.make(node, "BatchNormalization", out.inputs(node, 5), batchNormOf(node));
}

void batchNormRelu(Emitter& out, const Node& node) {
    out.make(node, "Relu", {out.step(node, "norm", "BatchNormalization", out.inputs(node, 5), batchNormOf(node))});
}

void batchNormAddRelu(Emitter& out, const Node& node) {
    const std::string norm = out.step(node, "norm", "BatchNormalization", out.inputs(node, 5), batchNormOf(node));
    out.make(node, "Relu", {out.step(node, "sum", "Add", {norm, out.input(node, 5)})});
}

void linear(Emitter& out, const Node& node) {
    const std::string product = out.step(node, "product", "MatMul", out.inputs(node, 2));
    out.make(node, "Add", {product, out.input(node, 2)});
}

/// The first rows of a table of positions, as many as the sequence is long, added to it.
void addPositions(Emitter& out, const Node& node) {
    const Attributes second{{"start", std::int64_t{1}}, {"end", std::int64_t{2}}};
    const std::string length = out.step(node, "length", "Shape", {out.input(node, 0)}, second);
    const std::string zero = out.numbers(node, "zero", {0});
    const std::string rows = out.step(node, "rows", "Slice", {out.input(node, 1), zero, length, zero});
    out.make(node, "Add", {out.input(node, 0), rows});
}

/// As many whole numbers as a dimension is long, which the file reads off its input.
void places(Emitter& out, const Node& node) {
    const std::int64_t written = node.integer("axis", 0), axis = written < 0 ? written + std::ssize(out.shapeOf(node, 0)) : written;
    const std::string length = out.step(node, "length", "Shape", {out.input(node, 0)}, {{"start", axis}, {"end", axis + 1}});
    const std::string count = out.step(node, "count", "Squeeze", {length});
    out.make(node, "Range", {out.numbers(node, "first", {0}, true), count, out.numbers(node, "step", {1}, true)});
}

/// 0.5 x (1 + erf(x / sqrt(2))), or the tanh form of arXiv 1606.08415, as the operator's definition has them.
void gelu(Emitter& out, const Node& node) {
    constexpr int kNative = 20;
    if (out.opset() >= kNative) return copy(out, node);
    const std::string x = out.input(node, 0);
    std::string inner;
    if (node.text("approximate", "none") == "tanh") {
        constexpr double kCubic = 0.044715;
        const std::string square = out.step(node, "square", "Mul", {x, x});
        const std::string cube = out.step(node, "cube", "Mul", {square, x});
        const std::string bent = out.step(node, "bent", "Mul", {cube, out.real(node, "cubic", kCubic)});
        const std::string sum = out.step(node, "bent_sum", "Add", {x, bent});
        const std::string factor = out.real(node, "factor", std::sqrt(2 / std::numbers::pi));
        inner = out.step(node, "tanh", "Tanh", {out.step(node, "scaled", "Mul", {sum, factor})});
    } else {
        const std::string scaled = out.step(node, "scaled", "Div", {x, out.real(node, "root", std::numbers::sqrt2)});
        inner = out.step(node, "erf", "Erf", {scaled});
    }
    const std::string weight = out.step(node, "weight", "Add", {inner, out.real(node, "one", 1)});
    const std::string twice = out.step(node, "twice", "Mul", {x, weight});
    out.make(node, "Mul", {twice, out.real(node, "half", 0.5)});
}

/// `num_outputs` came with opset 18; before it parts are equal, or their sizes are given.
void split(Emitter& out, const Node& node) {
    constexpr int kWithCount = 18;
    if (out.opset() >= kWithCount) return copy(out, node);
    Attributes attributes = node.attributes;
    attributes.erase("num_outputs");
    const auto axis = static_cast<std::size_t>(node.integer("axis", 0) < 0
                                                   ? node.integer("axis", 0) + std::ssize(out.shapeOf(node, 0))
                                                   : node.integer("axis", 0));
    Numbers sizes;
    for (const graph::ValueId id : node.outputs) sizes.push_back(out.net().value(id).type.shape[axis].extent);
    Names inputs{out.input(node, 0)};
    if (std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) != sizes.end())
        inputs.push_back(out.numbers(node, "sizes", sizes));
    out.make(node, "Split", std::move(inputs), std::move(attributes));
}

/// Means over axes that are kept as 1.
std::string meanOver(Emitter& out, const Node& node, const std::string& x, const Numbers& axes) {
    constexpr int kAxesAsInput = 18;
    if (out.opset() < kAxesAsInput) return out.step(node, "mean", "ReduceMean", {x}, {{"axes", axes}});
    return out.step(node, "mean", "ReduceMean", {x, out.numbers(node, "axes", axes)});
}

/// Until opset 17 (a sum: 12) axes are an attribute.
void reduce(Emitter& out, const Node& node) {
    constexpr int kAxesAsInput = 18;
    if (out.opset() >= kAxesAsInput || node.op->name == "ReduceSum") return copy(out, node);
    Attributes attributes = node.attributes;
    attributes.erase("noop_with_empty_axes");
    const bool hasAxes = node.inputs.size() > 1 && !out.net().value(node.inputs[1]).constant.empty();
    if (!hasAxes && node.integer("noop_with_empty_axes", 0) != 0) return out.make(node, "Identity", {out.input(node, 0)});
    if (hasAxes) attributes.insert_or_assign("axes", out.net().value(node.inputs[1]).constant);
    out.make(node, std::string(node.op->name), {out.input(node, 0)}, attributes);
}

/// The modes had other names.
void gridSample(Emitter& out, const Node& node) {
    constexpr int kNewNames = 20;
    if (out.opset() >= kNewNames) return copy(out, node);
    const std::string mode = node.text("mode", "linear");
    Attributes attributes = node.attributes;
    if (attributes.contains("mode")) attributes.insert_or_assign("mode", std::string(mode == "linear" ? "bilinear" : mode == "cubic" ? "bicubic" : mode));
    out.make(node, "GridSample", out.inputs(node, 2), attributes);
}

/// x tanh(softplus(x)) (arXiv 1908.08681)
void mish(Emitter& out, const Node& node) {
    constexpr int kNative = 18;
    if (out.opset() >= kNative) return copy(out, node);
    const std::string x = out.input(node, 0);
    out.make(node, "Mul", {x, out.step(node, "tanh", "Tanh", {out.step(node, "softplus", "Softplus", {x})})});
}

/// x / sqrt(mean(x^2) + epsilon) * scale (arXiv 1910.07467)
void rootMeanSquare(Emitter& out, const Node& node) {
    constexpr int kNative = 23;
    if (out.opset() >= kNative) return copy(out, node);
    const std::string x = out.input(node, 0);
    const auto rank = std::ssize(out.shapeOf(node, 0));
    const std::int64_t axis = node.integer("axis", -1);
    Numbers axes;
    for (std::int64_t dim = axis < 0 ? axis + rank : axis; dim < rank; ++dim) axes.push_back(dim);
    const std::string squares = out.step(node, "squares", "Mul", {x, x});
    const std::string mean = meanOver(out, node, squares, axes);
    const std::string sum = out.step(node, "sum", "Add", {mean, out.real(node, "epsilon", node.real("epsilon", 1e-5))});
    const std::string scaled = out.step(node, "scaled", "Div", {x, out.step(node, "root", "Sqrt", {sum})});
    out.make(node, "Mul", {scaled, out.input(node, 1)});
}

/// Groups as the channels of an instance normalisation; scale and bias by channel after it.
void groupNorm(Emitter& out, const Node& node) {
    constexpr int kByChannel = 21;
    if (out.opset() >= kByChannel) return copy(out, node);
    const std::int64_t groups = node.integer("num_groups", 1);
    const graph::Shape& shape = out.shapeOf(node, 0);
    const std::string apart = out.step(node, "apart", "Reshape", {out.input(node, 0), out.numbers(node, "groups", {0, groups, -1})});
    const std::string one = out.step(node, "ones", "Expand", {out.real(node, "one", 1), out.numbers(node, "count", {groups})});
    const std::string zero = out.step(node, "zeros", "Expand", {out.real(node, "zero", 0), out.numbers(node, "count", {groups})});
    const std::string normed = out.step(node, "normed", "InstanceNormalization", {apart, one, zero}, epsilonOf(node));
    Numbers whole{0}, channels(shape.size() - 1, 1);
    for (std::size_t dim = 1; dim < shape.size(); ++dim) whole.push_back(shape[dim].isFixed() ? shape[dim].extent : -1);
    channels[0] = shape[1].extent;
    const std::string back = out.step(node, "back", "Reshape", {normed, out.numbers(node, "whole", whole)});
    const auto byChannel = [&](std::size_t input, const char* name) { return out.step(node, name, "Reshape", {out.input(node, input), out.numbers(node, "channels", channels)}); };
    out.make(node, "Add", {out.step(node, "scaled", "Mul", {back, byChannel(1, "scale")}), byChannel(2, "bias")});
}

void cast(Emitter& out, const Node& node) { out.make(node, "Cast", {out.input(node, 0)}, {{"to", node.integer("to", 1)}}); }

/// Pairs (a, b) become (a cos - b sin, a sin + b cos) (arXiv 2104.09864); pairs are halves of the turned part, or neighbours.
void rotary(Emitter& out, const Node& node) {
    constexpr int kNative = 23;
    if (out.opset() >= kNative) return copy(out, node);
    const graph::Shape& shape = out.shapeOf(node, 0);
    const bool flat = shape.size() == 3;
    const std::int64_t heads = flat ? node.integer("num_heads", 1) : 0, pairs = out.shapeOf(node, 1).back().extent;
    const std::int64_t width = flat ? shape[2].extent / heads : shape[3].extent;
    const bool interleaved = node.integer("interleaved", 0) != 0;
    std::string x = out.input(node, 0);
    const Attributes swapped{{"perm", Numbers{0, 2, 1, 3}}};
    if (flat) x = out.step(node, "by_head", "Transpose", {out.step(node, "apart", "Reshape", {x, out.numbers(node, "heads", {0, 0, heads, width})})}, swapped);
    const auto part = [&](const char* name, std::int64_t from, std::int64_t to, std::int64_t step) {
        return out.step(node, name, "Slice", {x, out.numbers(node, "from", {from}), out.numbers(node, "to", {to}), out.numbers(node, "last", {-1}), out.numbers(node, "by", {step})});
    };
    const auto angle = [&](std::size_t input, const char* name) {
        std::string table = out.input(node, input);
        if (!out.input(node, 3).empty()) table = out.step(node, std::string(name) + "_rows", "Gather", {table, out.input(node, 3)});
        return out.step(node, name, "Unsqueeze", {table, out.numbers(node, "over_heads", {1})});
    };
    const std::string a = interleaved ? part("a", 0, 2 * pairs, 2) : part("a", 0, pairs, 1), b = interleaved ? part("b", 1, 2 * pairs, 2) : part("b", pairs, 2 * pairs, 1);
    const std::string cosine = angle(1, "cosine"), sine = angle(2, "sine");
    const auto times = [&](const char* name, const std::string& left, const std::string& right) { return out.step(node, name, "Mul", {left, right}); };
    std::string real = out.step(node, "real", "Sub", {times("a_cos", a, cosine), times("b_sin", b, sine)});
    std::string imaginary = out.step(node, "imaginary", "Add", {times("a_sin", a, sine), times("b_cos", b, cosine)});
    const Attributes last{{"axis", std::int64_t{-1}}};
    Names parts{real, imaginary};
    if (interleaved) {
        for (std::string& each : parts) each = out.step(node, "column", "Unsqueeze", {each, out.numbers(node, "behind", {-1})});
        parts = {out.step(node, "turned", "Reshape", {out.step(node, "beside", "Concat", parts, last), out.numbers(node, "joined", {0, 0, 0, 2 * pairs})})};
    }
    if (width > 2 * pairs) parts.push_back(part("rest", 2 * pairs, width, 1));
    if (!flat) return out.make(node, "Concat", parts, last);
    const std::string whole = out.step(node, "whole", "Concat", parts, last);
    out.make(node, "Reshape", {out.step(node, "back", "Transpose", {whole}, swapped), out.numbers(node, "flat", {0, 0, heads * width})});
}

/// With its axes written out: ONNX's own checker stumbles where they are left to their default.
void meanVariance(Emitter& out, const Node& node) {
    out.make(node, "MeanVarianceNormalization", {out.input(node, 0)}, {{"axes", node.integers("axes", {0, 2, 3})}});
}

/// One number repeated: the file's own operator takes it as a tensor.
void constantOfShape(Emitter& out, const Node& node) {
    const auto value = node.attributes.find("value");
    const auto* whole = value == node.attributes.end() ? nullptr : std::get_if<std::int64_t>(&value->second);
    const std::string number = whole ? out.numbers(node, "value", {*whole}, true) : out.real(node, "value", node.real("value", 0));
    const std::int64_t type = node.integer("dtype", 1);
    constexpr std::int64_t kFloat = 1, kInt64 = 7;
    if (type == (whole ? kInt64 : kFloat)) return out.make(node, "Expand", {number, out.input(node, 0)});
    out.make(node, "Cast", {out.step(node, "filled", "Expand", {number, out.input(node, 0)})}, {{"to", type}});
}

/// A dimension of the new shape is the batch: how large it is, an input of the graph tells.
void expand(Emitter& out, const Node& node) {
    const std::int64_t axis = node.integer("batch_axis", -1);
    if (axis == -1) return copy(out, node);
    const graph::Dim batch = graph::Dim::named("batch");
    const auto isBatch = [&](graph::ValueId id) { return std::ranges::count(out.net().value(id).type.shape, batch) > 0; };
    const std::vector<graph::ValueId> fed = out.net().inputs();
    const auto told = std::ranges::find_if(fed, isBatch);
    if (told == fed.end()) throw Error({Code::Exp01, node.name, "no input tells how large a batch is", "", "", ""});
    const graph::Shape& shape = out.net().value(*told).type.shape;
    const std::int64_t from = std::ranges::find(shape, batch) - shape.begin();
    const std::string count = out.step(node, "batch", "Shape", {out.net().value(*told).name}, {{"start", from}, {"end", from + 1}});
    const Numbers& extents = out.net().value(node.inputs[1]).constant;
    const auto place = extents.begin() + (axis < 0 ? axis + std::ssize(extents) : axis);
    Names parts;
    if (place != extents.begin()) parts.push_back(out.numbers(node, "before", {extents.begin(), place}));
    parts.push_back(count);
    if (place + 1 != extents.end()) parts.push_back(out.numbers(node, "behind", {place + 1, extents.end()}));
    const std::string made = out.step(node, "shape", "Concat", std::move(parts), {{"axis", std::int64_t{0}}});
    out.make(node, "Expand", {out.input(node, 0), made});
}

struct Rule {
    std::string_view op;
    void (*emit)(Emitter&, const Node&);
};

constexpr auto kRules = std::to_array<Rule>({
    {"AddPositions", addPositions},
    {"Attention", lowerAttention},
    {"BatchNormAddRelu", batchNormAddRelu},
    {"BatchNormRelu", batchNormRelu},
    {"BatchNormalization", batchNorm},
    {"Cast", cast},
    {"ConstantOfShape", constantOfShape},
    {"Dropout", pass},
    {"Expand", expand},
    {"FixedBatchNorm", batchNorm},
    {"Gelu", gelu},
    {"GridSample", gridSample},
    {"GroupNormalization", groupNorm},
    {"Linear", linear},
    {"MeanVarianceNormalization", meanVariance},
    {"Mish", mish},
    {"Places", places},
    {"RMSNormalization", rootMeanSquare},
    {"RotaryEmbedding", rotary},
    {"ReduceL1", reduce},
    {"ReduceL2", reduce},
    {"ReduceLogSum", reduce},
    {"ReduceLogSumExp", reduce},
    {"ReduceMax", reduce},
    {"ReduceMean", reduce},
    {"ReduceMin", reduce},
    {"ReduceProd", reduce},
    {"ReduceSum", reduce},
    {"ReduceSumSquare", reduce},
    {"Split", split},
});

const Rule* ruleFor(const Node& node) {
    const auto rule = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.op == node.op->name; });
    return rule == kRules.end() ? nullptr : &*rule;
}

/// The opset from which on a node can be written as it stands; those of 17 or less are not listed.
int oldestOpset(const Node& node) {
    struct Since {
        std::string_view op;
        int opset;
        std::string_view attribute = {};  ///< needed where the node has this one
    };
    constexpr auto kNewer = std::to_array<Since>({{"AffineGrid", 20}, {"AveragePool", 19, "dilations"}, {"BitwiseAnd", 18}, {"BitwiseNot", 18}, {"BitwiseOr", 18},
                                                  {"BitwiseXor", 18}, {"Col2Im", 18}, {"LpPool", 18, "dilations"}, {"LpPool", 18, "ceil_mode"},
                                                  {"Resize", 18, "antialias"}, {"Resize", 18, "axes"}, {"Resize", 18, "keep_aspect_ratio_policy"},
                                                  {"QuantizeLinear", 21, "block_size"}, {"DequantizeLinear", 21, "block_size"}});
    int oldest = 0;
    for (const Since& each : kNewer)
        if (each.op == node.op->name && (each.attribute.empty() || node.attributes.contains(each.attribute))) oldest = std::max(oldest, each.opset);
    if (node.op->name == "Pad" && (node.inputs.size() > 3 || node.text("mode", "constant") == "wrap")) oldest = node.inputs.size() > 3 ? 18 : 19;
    const std::string reduction = node.text("reduction", "none");
    if (node.op->name.starts_with("Scatter") && (reduction == "max" || reduction == "min")) oldest = 18;
    return oldest;
}

bool isWritable(const Node& node, int opset) {
    if (ruleFor(node)) return true;
    return node.op->domain.empty() && oldestOpset(node) <= opset;
}

void requireWritable(const graph::Graph& net, int opset) {
    std::set<std::string_view> unknown;
    for (const Node& node : net.nodes())
        if (!isWritable(node, opset)) unknown.insert(node.op->name);
    if (unknown.empty()) return;
    throw Error({Code::Exp01, net.name, "the format has no such operator", fmt::format("{}", fmt::join(unknown, ", ")),
                 "", "Export the net without it, or at a newer opset."});
}

}  // namespace

OnnxNodes lowerToOpset(const graph::Graph& net, int opset) {
    requireWritable(net, opset);
    Emitter emitter(net, opset);
    for (const Node& node : net.nodes()) {
        const Rule* rule = ruleFor(node);
        rule ? rule->emit(emitter, node) : copy(emitter, node);
    }
    return emitter.take();
}

}  // namespace headroom::formats
