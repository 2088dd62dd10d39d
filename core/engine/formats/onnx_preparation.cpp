// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_preparation.h"

#include <algorithm>
#include <utility>

#include "engine/formats/image.h"

namespace headroom::formats {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

/// ONNX's number of the element type of fp32.
constexpr std::int64_t kFloat = 1;

/// Appends nodes and their constants; every name is below "prepare/".
class Steps {
public:
    std::string step(const std::string& name, std::string op, Names inputs, graph::Attributes attributes = {}) {
        m_nodes.nodes.push_back({std::move(op), full(name), std::move(inputs), {full(name)}, std::move(attributes)});
        return full(name);
    }
    std::string numbers(const std::string& name, Numbers numbers) {
        m_nodes.constants.push_back({.name = full(name), .numbers = std::move(numbers)});
        return full(name);
    }
    /// Of rank 0.
    std::string whole(const std::string& name, std::int64_t number) {
        m_nodes.constants.push_back({.name = full(name), .numbers = {number}, .scalar = true});
        return full(name);
    }
    std::string reals(const std::string& name, const std::vector<double>& values, Numbers shape) {
        m_nodes.constants.push_back({.name = full(name), .real = true, .reals = {values.begin(), values.end()}, .shape = std::move(shape)});
        return full(name);
    }
    /// The last node makes the value of this name.
    OnnxNodes takeAs(const std::string& output) {
        m_nodes.nodes.back().outputs = {output};
        return std::move(m_nodes);
    }

private:
    static std::string full(const std::string& name) { return "prepare/" + name; }
    OnnxNodes m_nodes;
};

graph::Value inputOf(const std::string& name, graph::DType dtype, graph::Shape shape) {
    graph::Value value;
    value.name = name;
    value.type = {dtype, std::move(shape)};
    return value;
}

/// One axis of the resizing of formats::resized(), which the file makes for pictures of any size: [to, from] shares, each row a triangle
/// around a pixel's middle that is as wide as a pixel of the coarser picture to each side. `from`: name of the extent, [1].
std::string shares(Steps& steps, const std::string& axis, const std::string& from, std::int64_t to) {
    const auto named = [&axis](const char* name) { return axis + "/" + name; };
    std::vector<double> halves;
    for (std::int64_t k = 0; k < to; ++k) halves.push_back(static_cast<double>(k) + 0.5);
    const std::string extent = steps.step(named("extent"), "Cast", {from}, {{"to", kFloat}});
    const std::string scale = steps.step(named("scale"), "Div", {extent, steps.reals(named("to"), {static_cast<double>(to)}, {1})});
    const std::string one = steps.reals(named("one"), {1}, {1});
    const std::string reach = steps.step(named("reach"), "Max", {scale, one});
    const std::string middles = steps.step(named("middles"), "Mul", {steps.reals(named("halves"), halves, {to, 1}), scale});
    const std::string count = steps.step(named("count"), "Squeeze", {from, steps.numbers(named("axis"), {0})});
    const std::string numbers = steps.step(named("numbers"), "Range", {steps.whole(named("first"), 0), count, steps.whole(named("each"), 1)});
    const std::string places = steps.step(named("places"), "Add", {steps.step(named("reals"), "Cast", {numbers}, {{"to", kFloat}}), steps.reals(named("half"), {0.5}, {1})});
    const std::string away = steps.step(named("away"), "Abs", {steps.step(named("off"), "Sub", {places, middles})});
    const std::string weights = steps.step(named("weights"), "Relu", {steps.step(named("left"), "Sub", {one, steps.step(named("relative"), "Div", {away, reach})})});
    const std::string sums = steps.step(named("sums"), "ReduceSum", {weights, steps.numbers(named("rows"), {1})});
    return steps.step(named("shares"), "Div", {weights, sums});
}

/// To whole bytes, as formats::resized() keeps them between its two directions.
std::string rounded(Steps& steps, const std::string& name, const std::string& value) {
    return steps.step(name, "Floor", {steps.step(name + "/raised", "Add", {value, steps.reals(name + "/half", {kRoundUpFrom}, {1})})});
}

/// What formats::fitted() cuts out of the middle: extent and first pixel of an axis, [1] each.
struct Middle {
    std::string extent, first, end;
};
Middle middleOf(Steps& steps, const std::string& axis, const std::string& own, const std::string& other, std::int64_t wanted, std::int64_t wantedOther) {
    const auto named = [&axis](const char* name) { return axis + "/" + name; };
    const std::string product = steps.step(named("product"), "Mul", {other, steps.numbers(named("wanted"), {wanted})});
    const std::string most = steps.step(named("most"), "Div", {product, steps.numbers(named("wanted_other"), {wantedOther})});
    const std::string least = steps.step(named("least"), "Max", {most, steps.numbers(named("unit"), {1})});
    const std::string extent = steps.step(named("kept"), "Min", {own, least});
    const std::string rest = steps.step(named("rest"), "Sub", {own, extent});
    const std::string first = steps.step(named("begin"), "Div", {rest, steps.numbers(named("two"), {2})});
    return {extent, first, steps.step(named("end"), "Add", {first, extent})};
}

const graph::Attributes kByColumn{{"axis", std::int64_t{1}}};

/// Standardised numbers, a missing one being the mean, and after them a 1 for every missing one that a feature asks for.
std::string numberFeatures(Steps& steps, const TablePreparation& table, const Numbers& flagged) {
    const auto columns = std::ssize(table.mean);
    const std::string missing = steps.step("missing", "IsNaN", {"numbers"}), mean = steps.reals("mean", table.mean, {1, columns});
    const std::string filled = steps.step("filled", "Where", {missing, mean, "numbers"});
    const std::string centred = steps.step("centred", "Sub", {filled, mean});
    const std::string scaled = steps.step("scaled", "Div", {centred, steps.reals("deviation", table.deviation, {1, columns})});
    if (flagged.empty()) return scaled;
    const std::string ones = steps.step("missing_as_number", "Cast", {missing}, {{"to", kFloat}});
    const std::string flags = steps.step("flags", "Gather", {ones, steps.numbers("flagged", flagged)}, kByColumn);
    return steps.step("numbers_and_flags", "Concat", {scaled, flags}, kByColumn);
}

/// A 1 where the column holds the feature's category.
std::string categoryFeatures(Steps& steps, const Numbers& columns, const Numbers& codes) {
    const std::string spread = steps.step("spread", "Gather", {"categories", steps.numbers("columns", columns)}, kByColumn);
    return steps.step("ones", "Cast", {steps.step("equal", "Equal", {spread, steps.numbers("codes", codes)})}, {{"to", kFloat}});
}

}  // namespace

OnnxPreparation prepares(const PicturePreparation& pictures, const std::string& input) {
    const auto channels = std::ssize(pictures.mean);
    std::vector<double> scale, shift;
    for (std::size_t k = 0; k < pictures.mean.size(); ++k) {
        scale.push_back(1 / (255 * pictures.deviation[k]));
        shift.push_back(-pictures.mean[k] / pictures.deviation[k]);
    }
    Steps steps;
    const graph::Attributes byRow{{"axis", std::int64_t{0}}};
    const std::string shape = steps.step("shape", "Shape", {"picture"}), two = steps.numbers("second", {2}), three = steps.numbers("third", {3});
    const std::string height = steps.step("height", "Slice", {shape, two, three}), width = steps.step("width", "Slice", {shape, three, steps.numbers("fourth", {4})});
    const Middle rows = middleOf(steps, "rows", height, width, pictures.height, pictures.width);
    const Middle columns = middleOf(steps, "columns", width, height, pictures.width, pictures.height);
    const std::string first = steps.step("first", "Concat", {rows.first, columns.first}, byRow), end = steps.step("end", "Concat", {rows.end, columns.end}, byRow);
    const std::string middle = steps.step("middle", "Slice", {"picture", first, end, steps.numbers("axes", {2, 3})});
    const std::string pixels = steps.step("pixels", "Cast", {middle}, {{"to", kFloat}});
    const std::string across = steps.step("across", "Transpose", {shares(steps, "columns", columns.extent, pictures.width)}, {{"perm", Numbers{1, 0}}});
    const std::string narrow = rounded(steps, "narrow", steps.step("narrowed", "MatMul", {pixels, across}));
    const std::string resized = rounded(steps, "resized", steps.step("lowered", "MatMul", {shares(steps, "rows", rows.extent, pictures.height), narrow}));
    const std::string scaled = steps.step("scaled", "Mul", {resized, steps.reals("scale", scale, {1, channels, 1, 1})});
    steps.step("shifted", "Add", {scaled, steps.reals("shift", shift, {1, channels, 1, 1})});
    const graph::Shape form{graph::Dim::named("batch"), graph::Dim::fixed(channels), graph::Dim::named("height"), graph::Dim::named("width")};
    return {{inputOf("picture", graph::DType::U8, form)}, steps.takeAs(input)};
}

OnnxPreparation prepares(const TablePreparation& table, const std::string& input) {
    using Kind = TablePreparation::Feature::Kind;
    const auto numbers = std::ssize(table.mean);
    Numbers flagged, columns, codes, order;
    for (const TablePreparation::Feature& feature : table.features) {
        if (feature.kind == Kind::Missing) flagged.push_back(feature.column);
        if (feature.kind != Kind::Category) continue;
        columns.push_back(feature.column);
        codes.push_back(feature.code);
    }
    std::int64_t flag = numbers, category = numbers + std::ssize(flagged);
    for (const TablePreparation::Feature& feature : table.features)
        order.push_back(feature.kind == Kind::Number ? feature.column : feature.kind == Kind::Missing ? flag++ : category++);
    Steps steps;
    Names parts;
    if (numbers > 0) parts.push_back(numberFeatures(steps, table, flagged));
    if (!columns.empty()) parts.push_back(categoryFeatures(steps, columns, codes));
    const std::string all = parts.size() == 1 ? parts.front() : steps.step("all", "Concat", parts, kByColumn);
    steps.step("ordered", "Gather", {all, steps.numbers("order", order)}, kByColumn);
    std::vector<graph::Value> inputs;
    if (numbers > 0) inputs.push_back(inputOf("numbers", graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(numbers)}));
    if (!columns.empty()) inputs.push_back(inputOf("categories", graph::DType::I64, {graph::Dim::named("batch"), graph::Dim::fixed(table.categories)}));
    return {std::move(inputs), steps.takeAs(input)};
}

}  // namespace headroom::formats
