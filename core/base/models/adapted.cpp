// SPDX-License-Identifier: Apache-2.0
#include "base/models/adapted.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ranges>
#include <vector>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/shape.h"
#include "base/graph/rewrites/copy.h"
#include "base/models/builders.h"

namespace headroom::models {
namespace {

using graph::Dim;
using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::Shape;
using graph::Value;
using graph::ValueId;
using graph::ValueKind;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Elements of a sample; nothing where an extent besides the first has no number.
std::int64_t elementsOf(const Shape& shape) {
    std::int64_t count = 1;
    for (const Dim& dim : shape | std::views::drop(1)) count = dim.isFixed() && count >= 0 ? count * dim.extent : -1;
    return count;
}

bool goesInto(const Shape& data, const Shape& model) {
    return std::ranges::equal(data | std::views::drop(1), model | std::views::drop(1),
                              [](const Dim& a, const Dim& b) { return a == b || !b.isFixed(); });
}

/// The order of dimensions that brings the first one to another place.
std::vector<std::int64_t> batchAt(std::ptrdiff_t place, std::size_t rank) {
    std::vector<std::int64_t> order(rank);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::rotate(order.begin(), order.begin() + 1, order.begin() + place + 1);
    return order;
}

std::int64_t wantedOutputs(const DataShape& data) { return data.kind == DataKind::Text ? data.vocabulary : data.outputs; }

bool isOfMasks(const DataShape& data) { return data.task == Task::Segmentation; }

class Adapter {
public:
    Adapter(const Graph& file, const DataShape& data, const Adaptation& how) : m_file(file), m_data(data), m_how(how) {
        m_output = withoutSoftmax(chosenOutput());
        markLive();
        markData();
        m_makesHead = decideHead();
        if (m_makesHead && isFileOutput()) findHead();
    }

    Graph run();

private:
    // --- what is looked for in the file's graph
    ValueId chosenOutput() const;
    ValueId withoutSoftmax(ValueId output) const;
    bool isFileOutput() const;
    void markLive();
    void markData();
    bool decideHead() const;
    void findHead();
    ValueId dataInput(const Node& node) const;
    const Shape& shapeOf(ValueId id) const { return m_file.value(id).type.shape; }

    // --- what is made
    ValueId input();
    void head(const Node& node);
    void behindHead(const Node& node);
    ValueId replaced(ValueId weight, std::size_t dim);
    ValueId replacedVector(ValueId vector, std::size_t dim, graph::Initializer::Kind kind);
    ValueId headParameter(std::string name, Shape shape, graph::Initializer initializer);
    ValueId appendedHead(ValueId x);
    ValueId asLogits(ValueId x);
    ValueId add(const graph::OpEntry& op, const std::string& name, std::vector<ValueId> inputs, graph::Attributes attributes = {}) {
        return m_copy->made().addNode(op, name, std::move(inputs), std::move(attributes)).front();
    }
    ValueId numbers(const std::string& name, std::vector<std::int64_t> content) { return m_copy->made().addConstant(unique(name), std::move(content)); }
    std::string unique(std::string name) const;

    [[noreturn]] void refuseData(std::string found, std::string allowed) const {
        throw Error(Failure{Code::Dat05, "model.file", "the data does not go into the model", std::move(found), std::move(allowed),
                            "Choose a model for this data."});
    }
    [[noreturn]] void refuseOutput(std::string problem, std::string found, std::string allowed, std::string remedy) const {
        throw Error(Failure{Code::Cfg09, "model.file", std::move(problem), std::move(found), std::move(allowed), std::move(remedy)});
    }

    const Graph& m_file;
    const DataShape& m_data;
    const Adaptation& m_how;
    ValueId m_output = kNone;
    std::vector<bool> m_live;  ///< by ValueId: the output is made of it
    std::vector<bool> m_fromData;  ///< by ValueId: it depends on an input
    bool m_makesHead = false;
    graph::NodeId m_head = kNone;  ///< the layer that is replaced
    std::vector<bool> m_behind;    ///< by NodeId: between the layer and the output
    std::int64_t m_oldOutputs = 0;
    std::optional<graph::Copy> m_copy;
};

ValueId Adapter::chosenOutput() const {
    if (!m_how.output.empty()) {
        const ValueId chosen = m_file.find(m_how.output);
        if (chosen == kNone || m_file.value(chosen).producer == kNone)
            throw Error(Failure{Code::Cfg09, "model.output", "the model has no such value", escaped(m_how.output), {}, "The graph view shows their names."});
        return chosen;
    }
    if (m_file.outputs().size() == 1) return m_file.outputs().front();
    std::string names;
    for (const ValueId id : m_file.outputs()) names += (names.empty() ? "" : ", ") + escaped(m_file.value(id).name);
    refuseOutput("the model has several outputs", names, "one needed", "Set model.output to one of them.");
}

ValueId Adapter::withoutSoftmax(ValueId output) const {
    const graph::NodeId producer = m_file.value(output).producer;
    if (producer == kNone || !m_how.output.empty() || m_data.task == Task::Regression) return output;
    const Node& node = m_file.node(producer);
    return node.op->name == "Softmax" ? node.inputs.front() : output;
}

bool Adapter::isFileOutput() const { return m_how.output.empty() || std::ranges::find(m_file.outputs(), m_output) != m_file.outputs().end(); }

void Adapter::markLive() {
    m_live.assign(m_file.values().size(), false);
    m_live[at(m_output)] = true;
    for (const Node& node : m_file.nodes() | std::views::reverse)
        if (std::ranges::any_of(node.outputs, [&](ValueId id) { return bool(m_live[at(id)]); }))
            for (const ValueId id : node.inputs)
                if (id != kNone) m_live[at(id)] = true;
}

void Adapter::markData() {
    m_fromData.assign(m_file.values().size(), false);
    for (const ValueId id : m_file.inputs()) m_fromData[at(id)] = true;
    for (const Node& node : m_file.nodes())
        if (std::ranges::any_of(node.inputs, [&](ValueId id) { return id != kNone && m_fromData[at(id)]; }))
            for (const ValueId id : node.outputs) m_fromData[at(id)] = true;
}

bool Adapter::decideHead() const {
    const bool isOfPixels = isOfMasks(m_data) && shapeOf(m_output).size() == 4 && shapeOf(m_output)[1] == Dim::fixed(m_data.outputs);
    const bool suits = isOfPixels || (!isOfMasks(m_data) && elementsOf(shapeOf(m_output)) == wantedOutputs(m_data)) ||
                       (m_data.kind == DataKind::Text && shapeOf(m_output).back() == Dim::fixed(m_data.vocabulary));
    if (m_how.head == Head::Keep && !suits)
        refuseOutput("the model's outputs are not those of the data", graph::toString(shapeOf(m_output)), fmt::format("{} needed", wantedOutputs(m_data)),
                     "Set model.head to auto or new.");
    return m_how.head == Head::New || (m_how.head == Head::Auto && !suits);
}

/// The one input of a node that depends on the data; kNone where there are several, or none.
ValueId Adapter::dataInput(const Node& node) const {
    ValueId found = kNone;
    for (const ValueId id : node.inputs) {
        if (id == kNone || !m_fromData[at(id)]) continue;
        if (found != kNone) return kNone;
        found = id;
    }
    return found;
}

/// The last layer of weights, with nothing between it and the output that could not follow another number of outputs.
void Adapter::findHead() {
    m_behind.assign(m_file.nodes().size(), false);
    for (ValueId value = m_output; value != kNone && m_file.value(value).producer != kNone;) {
        const Node& node = m_file.node(m_file.value(value).producer);
        const bool isLayer = node.op == &graph::kGemm || node.op == &graph::kMatMul || node.op == &graph::kConv;
        if (isLayer && node.inputs.front() == dataInput(node)) {
            m_head = node.id;
            const Shape& made = shapeOf(node.outputs.front());
            m_oldOutputs = made[node.op == &graph::kConv ? 1 : made.size() - 1].extent;
            return;
        }
        m_behind[at(node.id)] = true;
        value = dataInput(node);
    }
    refuseOutput("no layer of weights leads to the output alone", escaped(m_file.value(m_output).name), {},
                 "Set model.output to an inner value: a new head stands behind it then.");
}

std::string Adapter::unique(std::string name) const {
    while (m_file.find(name) != kNone) name += '_';
    return name;
}

/// The data's input, and behind it what brings it into the model's form.
ValueId Adapter::input() {
    std::vector<ValueId> all;
    for (const ValueId id : m_file.inputs())
        if (m_live[at(id)]) all.push_back(id);
    if (all.size() != 1) refuseData(fmt::format("{} inputs", all.size()), "a model of one input needed");
    const Value& wanted = m_file.value(all.front());
    const bool isText = m_data.kind == DataKind::Text;
    const graph::DType type = isText ? graph::DType::I64 : graph::DType::F32;
    if (wanted.type.dtype != type) refuseData(std::string(graph::name(type)), std::string(graph::name(wanted.type.dtype)));
    Shape form = wanted.type.shape;
    const auto batch = std::ranges::find(form, Dim::named("batch"));
    const std::ptrdiff_t place = batch == form.end() ? 0 : batch - form.begin();
    std::rotate(form.begin(), form.begin() + place, form.begin() + place + (form.empty() ? 0 : 1));  // as data is: sample by sample
    if (form.empty() || form.front().isFixed()) refuseData("batches of any size", fmt::format("the model takes {} alone", graph::toString(form)));
    if (isText && form.size() != 2) refuseData("[batch, sequence]", graph::toString(form));
    const ValueId given = isText ? m_copy->made().addInput("tokens", {type, {Dim::named("batch"), Dim::named("sequence")}}) : addInput(m_copy->made(), m_data);
    const Shape own = m_copy->made().value(given).type.shape;
    ValueId fitting = given;
    if (!isText && !(own.size() == form.size() && goesInto(own, form))) {
        const Shape last{own.front(), own[own.size() > 2 ? 2 : 1], own.back(), own[1]};
        if (own.size() == 4 && form.size() == 4 && goesInto(last, form)) {
            fitting = add(graph::kTranspose, unique("channels_last"), {given}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
        } else if (elementsOf(form) == elementsOf(own)) {
            std::vector<std::int64_t> extents{0};
            for (const Dim& dim : form | std::views::drop(1)) extents.push_back(dim.extent);
            extents.front() = -1;
            fitting = add(graph::kReshape, unique("reshaped"), {given, numbers("reshaped.shape", std::move(extents))});
        } else {
            refuseData(graph::toString(own), graph::toString(form) + " needed");
        }
    }
    if (place > 0) fitting = add(graph::kTranspose, unique("batch_in_place"), {fitting}, {{"perm", batchAt(place, form.size())}});
    m_copy->put(all.front(), fitting);
    return fitting;
}

ValueId Adapter::headParameter(std::string name, Shape shape, graph::Initializer initializer) {
    while (m_file.find(name) != kNone || m_copy->made().find(name) != kNone) name += '_';
    const bool isMatrix = shape.size() > 1;
    return m_copy->made().addParameter(std::move(name), {graph::DType::F32, std::move(shape)}, initializer, isMatrix);
}

/// New weights in place of those that the model brought, for another number of outputs.
ValueId Adapter::replaced(ValueId weight, std::size_t dim) {
    Shape shape = shapeOf(weight);
    std::int64_t inputs = 1;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (i != dim) inputs *= shape[i].extent;
    shape[dim] = Dim::fixed(wantedOutputs(m_data));
    return headParameter("head.weight", std::move(shape), {graph::Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(inputs)), inputs});
}

ValueId Adapter::replacedVector(ValueId vector, std::size_t dim, graph::Initializer::Kind kind) {
    Shape shape = shapeOf(vector);
    shape[dim] = Dim::fixed(wantedOutputs(m_data));
    return headParameter(kind == graph::Initializer::Kind::Ones ? "head.scale" : "head.bias", std::move(shape), {kind});
}

void Adapter::head(const Node& node) {
    std::vector<ValueId> inputs{m_copy->of(node.inputs[0])};
    const std::size_t rank = shapeOf(node.inputs[1]).size();
    const bool isFirst = node.op == &graph::kConv || (node.op == &graph::kGemm && node.integer("transB", 0) != 0);
    inputs.push_back(replaced(node.inputs[1], isFirst ? 0 : rank - 1));
    if (node.inputs.size() > 2 && node.inputs[2] != kNone)
        inputs.push_back(replacedVector(node.inputs[2], shapeOf(node.inputs[2]).size() - 1, graph::Initializer::Kind::Zeros));
    m_copy->put(node.outputs.front(), m_copy->made().addNode(*node.op, node.name, std::move(inputs), node.attributes, node.block).front());
}

/// A node between the head and the output: what it holds a number of outputs for gets the new one.
void Adapter::behindHead(const Node& node) {
    std::vector<ValueId> inputs;
    for (const ValueId id : node.inputs) {
        if (id == kNone || m_fromData[at(id)]) {
            inputs.push_back(m_copy->of(id));
            continue;
        }
        const Value& value = m_file.value(id);
        const auto dim = std::ranges::find(value.type.shape, Dim::fixed(m_oldOutputs));
        if (value.kind == ValueKind::Constant && std::ranges::find(value.constant, m_oldOutputs) != value.constant.end()) {
            std::vector<std::int64_t> content = value.constant;
            std::ranges::replace(content, m_oldOutputs, wantedOutputs(m_data));
            inputs.push_back(numbers(value.name + ".new", std::move(content)));
        } else if (value.kind != ValueKind::Constant && dim != value.type.shape.end()) {
            const auto kind = node.op == &graph::kAdd ? graph::Initializer::Kind::Zeros : graph::Initializer::Kind::Ones;
            inputs.push_back(replacedVector(id, static_cast<std::size_t>(dim - value.type.shape.begin()), kind));
        } else {
            inputs.push_back(m_copy->of(id));
        }
    }
    const auto made = m_copy->made().addNode(*node.op, node.name, std::move(inputs), node.attributes, node.block, node.outputCount);
    for (std::size_t k = 0; k < made.size(); ++k) m_copy->put(node.outputs[k], made[k]);
}

/// Means over places, then one layer.
ValueId Adapter::appendedHead(ValueId x) {
    Graph& net = m_copy->made();
    if (isOfMasks(m_data))
        refuseOutput("a new head behind an inner value answers once a picture", graph::toString(net.value(x).type.shape), "a class for each pixel needed", "Leave model.output out.");
    if (net.value(x).type.shape.size() == 4) x = add(graph::kGlobalAveragePool, unique("head.pool"), {x});
    if (net.value(x).type.shape.size() != 2) x = add(graph::kFlatten, unique("head.flatten"), {x});
    const Dim width = net.value(x).type.shape.back();
    if (!width.isFixed()) refuseOutput("the value has no fixed number of features", graph::toString(net.value(x).type.shape), {}, "Choose another model.output.");
    const graph::Initializer uniform{graph::Initializer::Kind::Uniform, 1 / std::sqrt(static_cast<double>(width.extent)), width.extent};
    const std::int64_t outputs = wantedOutputs(m_data);
    const ValueId weight = headParameter("head.weight", graph::fixedShape({outputs, width.extent}), uniform);
    const ValueId bias = headParameter("head.bias", graph::fixedShape({outputs}), {graph::Initializer::Kind::Zeros});
    return add(graph::kGemm, unique("head"), {x, weight, bias}, {{"transB", std::int64_t{1}}});
}

/// [batch, outputs], of text [batch*sequence, vocabulary], of masks [batch, outputs, height, width].
ValueId Adapter::asLogits(ValueId x) {
    const Shape shape = m_copy->made().value(x).type.shape;
    if (isOfMasks(m_data)) {
        const Shape wanted{Dim::named("batch"), Dim::fixed(m_data.outputs), Dim::fixed(m_data.height), Dim::fixed(m_data.width)};
        if (shape != wanted || m_copy->made().value(x).type.dtype != graph::DType::F32)
            refuseOutput("the output is no class for each pixel", graph::toString(shape), graph::toString(wanted) + " needed", "Choose a model for masks, or pictures with one class each.");
        return x;
    }
    if (shape.size() != 2 && m_data.kind == DataKind::Text)
        x = add(graph::kReshape, unique("logits"), {x, numbers("logits.shape", {-1, m_data.vocabulary})});
    else if (shape.size() != 2)
        x = add(graph::kFlatten, unique("logits"), {x});
    const Shape made = m_copy->made().value(x).type.shape;
    const bool isWhole = m_data.kind == DataKind::Text || made.front() == Dim::named("batch");
    if (made.back() != Dim::fixed(wantedOutputs(m_data)) || !isWhole || m_copy->made().value(x).type.dtype != graph::DType::F32)
        refuseOutput("the output is no row of numbers a sample", graph::toString(made), fmt::format("[batch, {}] needed", wantedOutputs(m_data)),
                     "Set model.output to another value.");
    return x;
}

Graph Adapter::run() {
    m_copy.emplace(m_file, [&](ValueId id) {
        const Value& value = m_file.value(id);
        return m_live[at(id)] && value.kind != ValueKind::Input;
    });
    input();
    for (const Node& node : m_file.nodes()) {
        if (std::ranges::none_of(node.outputs, [&](ValueId id) { return bool(m_live[at(id)]); })) continue;
        if (node.id == m_head)
            head(node);
        else if (m_head != kNone && m_behind[at(node.id)])
            behindHead(node);
        else
            m_copy->node(node);
    }
    ValueId logits = m_copy->of(m_output);
    if (m_makesHead && m_head == kNone) logits = appendedHead(logits);
    logits = asLogits(logits);
    Graph net = std::move(m_copy->made());
    net.setOutputs({logits});
    return net;
}

}  // namespace

/// What made the weights of a replaced layer leads nowhere any more.
Graph adapted(const Graph& file, const DataShape& data, const Adaptation& how) { return graph::withoutIdle(Adapter(file, data, how).run()); }

}  // namespace headroom::models
