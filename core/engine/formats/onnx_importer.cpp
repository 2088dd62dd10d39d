// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>

#include "base/errors/error.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

using graph::Dim;
using graph::kNone;
using graph::ValueId;

graph::Shape shapeOf(const std::vector<std::int64_t>& extents) {
    graph::Shape shape;
    for (const std::int64_t extent : extents) shape.push_back(Dim::fixed(extent));
    return shape;
}

/// What the file wrote, where it has that type.
template <class T>
T attributeOr(const OnnxNode& node, std::string_view name, T fallback) {
    const auto found = node.attributes.find(name);
    const auto* held = found == node.attributes.end() ? nullptr : std::get_if<T>(&found->second);
    return held ? *held : fallback;
}

}  // namespace

void OnnxImporter::addInput(const std::string& name, graph::TensorType type) { m_inputs[name] = std::move(type); }

void OnnxImporter::addWeight(graph::HostTensor tensor, bool isConstantNode) {
    Known& entry = m_known[tensor.name];
    m_inputs.erase(tensor.name);
    entry.weight = static_cast<int>(m_weights.size());
    entry.content = contentOf(tensor);
    m_weights.push_back(std::move(tensor));
    m_fromConstantNode.push_back(isConstantNode);
}

void OnnxImporter::findConstants(const std::vector<ForeignNode>& nodes) {
    std::set<std::string>& needed = m_constants;
    for (const ForeignNode& node : nodes | std::views::reverse) {
        for (const std::size_t input : constantInputsOf(node, m_opset))
            if (input < node.inputs.size()) needed.insert(node.inputs[input]);
        const bool isNeeded = isFoldable(node.op) && std::ranges::any_of(node.outputs, [&](const std::string& name) { return needed.contains(name); });
        if (isNeeded) needed.insert(node.inputs.begin(), node.inputs.end());
    }
    for (const auto& [name, tensor] : m_options.known)
        if (needed.contains(name) && m_inputs.erase(name) > 0) m_known[name].content = contentOf(tensor);
    for (const auto& [name, type] : m_inputs) m_names.insert(name);
}

void OnnxImporter::findReaders(const std::vector<ForeignNode>& nodes, const std::vector<std::string>& outputs) {
    for (const ForeignNode& node : nodes) m_read.insert(node.inputs.begin(), node.inputs.end());
    m_read.insert(outputs.begin(), outputs.end());
    m_read.erase(std::string{});
}

OnnxImporter::Known& OnnxImporter::known(const std::string& name) {
    const auto found = m_known.find(name);
    if (found == m_known.end()) refuse("an input has no value", escaped(name));
    return found->second;
}

void OnnxImporter::add(const ForeignNode& node) {
    m_node = &node;
    m_depth = 0;
    if (readsRefused()) {
        m_refused.insert(node.outputs.begin(), node.outputs.end());
        return;
    }
    try {
        make();
    } catch (const Error& error) {
        if (error.code() != Code::Onx10 || m_batch) throw;
        note(error.failures().front());
        m_refused.insert(node.outputs.begin(), node.outputs.end());
    }
}

void OnnxImporter::make() {
    if (m_node->op == "Identity" && m_node->inputs.size() == 1 && m_node->outputs.size() == 1) {
        m_aliases[m_node->outputs[0]] = resolved(m_node->inputs[0]);
        return;
    }
    try {
        if (!fold()) lift(*this);
    } catch (const Error& error) {
        const Failure& failure = error.failures().front();
        if (failure.code != Code::Cfg09) throw;
        refuse(failure.problem, failure.found.empty() || failure.allowed.empty() ? failure.found + failure.allowed : failure.found + ", " + failure.allowed);
    }
}

/// What is made late fails once for every node that reads it, and is told once.
void OnnxImporter::note(Failure failure) {
    constexpr std::size_t kMostTold = 20;
    const bool isTold = std::ranges::count(m_refusals, failure.subject, &Failure::subject) > 0;
    if (isTold) return;
    ++m_refusedNodes;
    if (m_refusals.size() < kMostTold) m_refusals.push_back(std::move(failure));
}

bool OnnxImporter::readsRefused() const {
    return std::ranges::any_of(m_node->inputs, [&](const std::string& name) { return m_refused.contains(name); });
}

void OnnxImporter::refuse(std::string problem, std::string found, std::string remedy) const {
    const std::string& name = m_node->name.empty() && !m_node->outputs.empty() ? m_node->outputs.front() : m_node->name;
    throw Error(Failure{Code::Onx10, fmt::format("{} ({})", escaped(name), escaped(m_node->op)), "the operator is not supported like this: " + problem, std::move(found), {}, std::move(remedy)});
}

/// Nodes that compute shapes from what is known leave no node behind.
bool OnnxImporter::fold() {
    if (m_node->outputs.size() != 1) return false;
    if (m_node->op == "Shape" || m_node->op == "Size") return foldShape();
    const bool isConstant = m_constants.contains(m_node->outputs[0]);
    std::vector<const Content*> inputs;
    for (std::size_t i = 0; i < inputCount(); ++i) {
        if (!isConstant && isTrainedOn(i)) return false;
        inputs.push_back(content(i));
        if (has(i) && !inputs.back()) return false;
    }
    std::optional<Content> result = folded(*m_node, inputs);
    if (!result) return false;
    constexpr std::size_t kMostFolded = 1 << 20;  // of all nodes together: what computes shapes needs a few elements each
    if ((m_folded += result->count()) > kMostFolded) return false;
    giveContent(0, std::move(*result));
    return true;
}

/// A weight, however small: what is computed from it is a value that training moves with it.
bool OnnxImporter::isTrainedOn(std::size_t input) const {
    if (!has(input)) return false;
    const auto found = m_known.find(resolved(m_node->inputs[input]));
    if (found == m_known.end() || found->second.weight < 0 || !found->second.content) return false;
    const Content& content = *found->second.content;
    return graph::isFloating(content.dtype) && content.count() > 1 && !m_fromConstantNode[static_cast<std::size_t>(found->second.weight)];
}

bool OnnxImporter::foldShape() {
    const graph::Shape shape = content(0) ? shapeOf(content(0)->shape) : type(data(0)).shape;
    const auto rank = static_cast<std::int64_t>(shape.size());
    Content result;
    if (m_node->op == "Size") {
        result.numbers.push_back(graph::product(shape));
    } else {
        const auto placed = [&](std::int64_t place) { return std::clamp(place < 0 ? place + rank : place, std::int64_t{0}, rank); };
        const std::int64_t begin = placed(integer("start", 0)), end = std::max(begin, placed(integer("end", rank)));
        result.numbers.assign(shape.begin() + begin, shape.begin() + end);
        result.shape = {end - begin};
    }
    giveContent(0, std::move(result));
    return true;
}

const Content* OnnxImporter::content(std::size_t input) const {
    if (!has(input)) return nullptr;
    const auto found = m_known.find(resolved(m_node->inputs[input]));
    return found == m_known.end() || !found->second.content ? nullptr : &*found->second.content;
}

/// Of a length that is free, what would make it known.
void OnnxImporter::refuseUnknown(std::size_t input, const Content* found, const char* wanted) const {
    const auto named = [&] { return std::ranges::find_if(found->numbers, [](const Dim& number) { return !number.name.empty(); }); };
    const bool isFree = found && !found->isFixed();
    refuse(fmt::format("input {} must be {}", input, wanted), isFree ? named()->name : "", isFree ? kFixLength : "");
}

std::vector<std::int64_t> OnnxImporter::numbers(std::size_t input) const {
    const Content* found = content(input);
    if (!found || !found->isFixed() || graph::isFloating(found->dtype)) refuseUnknown(input, found, "a constant of whole numbers");
    return found->fixedNumbers();
}

ValueId OnnxImporter::data(std::size_t input) {
    if (!has(input)) return kNone;
    m_readAs = input;
    return dataOf(m_node->inputs[input]);
}

/// A name that another only repeats (Identity) stands for that one.
const std::string& OnnxImporter::resolved(const std::string& name) const {
    const auto alias = m_aliases.find(name);
    return alias == m_aliases.end() ? name : alias->second;
}

ValueId OnnxImporter::dataOf(const std::string& given) {
    const std::string& name = resolved(given);
    if (const auto input = m_inputs.find(name); input != m_inputs.end() && !m_known.contains(name)) {
        m_known[name].value = m_model.graph.addInput(name, input->second);
        checkSize(*m_known[name].value);
        if (m_batch) m_batch->start(*m_known[name].value);
    }
    Known& entry = known(name);
    if (const auto made = madeFor(entry)) return *made;
    if (entry.weight >= 0) return weightValue(entry, given);
    if (entry.content && entry.content->isFixed()) {
        entry.value = bufferOf(tensorOf(*entry.content, fresh(name)));
        return *entry.value;
    }
    if (!entry.maker) refuse("an input has no value", name);
    constexpr int kDeepest = 64;  // shapes made of shapes made of shapes
    if (++m_depth > kDeepest) refuse("what computes a shape is nested too deep", escaped(name));
    const ForeignNode* reader = m_node;
    m_node = entry.maker;
    lift(*this);
    m_node = reader;
    --m_depth;
    return *known(name).value;
}

ValueId OnnxImporter::constant(std::size_t input) {
    if (!has(input)) return kNone;
    const Content* found = content(input);
    if (!found || !found->isFixed()) refuseUnknown(input, found, "a constant");
    Known& entry = known(resolved(m_node->inputs[input]));
    if (!entry.fixed) {
        const graph::TensorType type{found->dtype, shapeOf(found->shape)};
        const bool isReal = graph::isFloating(found->dtype);
        entry.fixed = m_model.graph.addConstant(fresh(m_node->inputs[input]), type, isReal ? std::vector<std::int64_t>{} : found->fixedNumbers(), found->reals);
    }
    return *entry.fixed;
}

ValueId OnnxImporter::constantOf(std::vector<std::int64_t> content) { return m_model.graph.addConstant(fresh(m_node->outputs.front() + "/numbers"), std::move(content)); }

ValueId OnnxImporter::constantOf(std::vector<double> content) {
    const graph::TensorType type{graph::DType::F32, {Dim::fixed(std::ssize(content))}};
    return m_model.graph.addConstant(fresh(m_node->outputs.front() + "/numbers"), type, {}, std::move(content));
}

ValueId OnnxImporter::scalar(double number, graph::DType type) {
    if (type == graph::DType::F16 || type == graph::DType::BF16) return step("Cast", {scalar(number, graph::DType::F32)}, {{"to", std::int64_t{type == graph::DType::F16 ? 10 : 16}}});
    Content content{type, {}, {}, {}};
    if (graph::isFloating(type)) content.reals = {number};
    else content.numbers = {Dim{static_cast<std::int64_t>(number), {}}};
    return bufferOf(tensorOf(content, fresh(m_node->outputs.front() + "/number")));
}

/// A name that no value has, nor, with numbers behind it, the outputs of a node of several.
std::string OnnxImporter::fresh(std::string base, std::size_t outputs) {
    const auto isFree = [&](const std::string& name) {
        if (m_names.contains(name)) return false;
        for (std::size_t k = 0; outputs > 1 && k < outputs; ++k)
            if (m_names.contains(fmt::format("{}.{}", name, k))) return false;
        return true;
    };
    while (!isFree(base)) base += '_';
    m_names.insert(base);
    for (std::size_t k = 0; outputs > 1 && k < outputs; ++k) m_names.insert(fmt::format("{}.{}", base, k));
    return base;
}

std::vector<ValueId> OnnxImporter::makeNode(std::string_view op, const std::string& name, std::vector<ValueId> inputs, graph::Attributes attributes, int outputCount) {
    const graph::OpEntry* entry = graph::findOp(op);
    if (!entry) entry = graph::findOp(op, "headroom");  // of a rule; a file's own are looked up before
    if (!entry) refuse("unknown operator");
    while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
    std::erase_if(attributes, [&](const auto& each) { return std::ranges::count(entry->attributes, each.first) == 0 && each.first == "auto_pad"; });
    const std::size_t outputs = entry->outputs == 0 ? m_node->outputs.size() : static_cast<std::size_t>(entry->outputs);
    const std::vector<ValueId> made = m_model.graph.addNode(*entry, fresh(name, outputs), std::move(inputs), std::move(attributes), {}, outputCount);
    for (const ValueId id : made) checkSize(id);
    if (m_batch) m_batch->follow(m_model.graph, m_model.graph.nodes().back());
    return made;
}

/// Counted before anything runs: a file of some bytes may ask for any amount.
void OnnxImporter::checkSize(ValueId id) {
    const graph::Value& value = m_model.graph.value(id);
    std::optional<std::uint64_t> bytes = static_cast<std::uint64_t>(graph::byteSize(value.type.dtype));
    for (const Dim& dim : value.type.shape) {
        if (dim.isFixed() && dim.extent > std::numeric_limits<std::int32_t>::max()) bytes.reset();
        if (bytes && dim.isFixed() && dim.extent > 0) bytes = product(*bytes, static_cast<std::uint64_t>(dim.extent));
    }
    if (bytes) m_bytes += *bytes;
    if (bytes && *bytes <= m_options.limits.maxValueBytes && m_bytes <= m_options.limits.maxTotalBytes) return;
    throw Error(Failure{Code::Onx12, escaped(value.name), "it would need more memory than allowed",
                        fmt::format("{} {}", graph::toString(value.type.shape), bytes ? bytesText(*bytes) : "beyond counting"),
                        "at most " + bytesText(m_options.limits.maxValueBytes), {}});
}

ValueId OnnxImporter::step(std::string_view op, std::vector<ValueId> inputs, graph::Attributes attributes) {
    return makeNode(op, m_node->outputs.front() + "/" + std::string(op), std::move(inputs), std::move(attributes), 0).front();
}

void OnnxImporter::make(std::string_view op, std::vector<ValueId> inputs, graph::Attributes attributes) {
    const graph::OpEntry* entry = graph::findOp(op);
    const bool hasParts = entry && entry->outputs == 0;  // as many as the file names, read or not
    std::size_t last = 0;
    for (std::size_t k = 0; k < m_node->outputs.size(); ++k)
        if (wants(k) || (hasParts && !m_node->outputs[k].empty())) last = k;
    std::string name = m_node->outputs.front();
    for (std::size_t k = 0; name.empty() && k < m_node->outputs.size(); ++k) name = m_node->outputs[k];
    const std::vector<ValueId> made = makeNode(op, name, std::move(inputs), std::move(attributes), static_cast<int>(last) + 1);
    if (made.size() <= last) refuse("it has no such output", m_node->outputs[last]);
    for (std::size_t k = 0; k <= last; ++k) give(k, made[k]);
}

ValueId OnnxImporter::forEachSample(ValueId value, std::vector<std::int64_t> shape, std::size_t axis) {
    return step("Expand", {value, constantOf(std::move(shape))}, {{"batch_axis", static_cast<std::int64_t>(axis)}});
}

ValueId OnnxImporter::placesAlong(const Dim& dim) {
    if (const auto made = m_places.find(dim.name); made != m_places.end()) return made->second;
    const auto has = [&](const auto& input) { return std::ranges::count(input.second.shape, dim) > 0; };
    const auto input = std::ranges::find_if(m_inputs, has);
    if (input == m_inputs.end()) refuse("no input is as long as that dimension", dim.name, kFixLength);
    const std::int64_t axis = std::ranges::find(input->second.shape, dim) - input->second.shape.begin();
    const ValueId made = step("Places", {dataOf(input->first)}, {{"axis", axis}});
    return m_places[dim.name] = made;
}

bool OnnxImporter::isZeros(std::size_t input) const {
    const Content* found = content(input);
    std::optional<Content> filling;
    if (!found && has(input)) {
        const auto entry = m_known.find(resolved(m_node->inputs[input]));
        const ForeignNode* maker = entry == m_known.end() ? nullptr : entry->second.maker;
        if (!maker || maker->op != "ConstantOfShape") return false;
        const auto value = maker->tensors.find("value");
        if (value == maker->tensors.end()) return true;  // what it holds unless told otherwise
        filling = contentOf(value->second);
        found = filling ? &*filling : nullptr;
    }
    return found && found->count() > 0 && found->isFixed() && std::ranges::all_of(found->reals, [](double real) { return real == 0; }) &&
           std::ranges::all_of(found->numbers, [](const Dim& number) { return number.extent == 0; });
}

void OnnxImporter::give(std::size_t output, ValueId value) {
    if (wants(output)) m_known[m_node->outputs[output]].value = value;
}

void OnnxImporter::giveContent(std::size_t output, Content content) {
    Known& entry = m_known[m_node->outputs[output]];
    if (!content.isFixed()) entry.maker = m_node;
    entry.content = std::move(content);
}

void OnnxImporter::finish(const std::vector<std::string>& outputs) {
    if (m_refusedNodes > m_refusals.size()) m_refusals.back().remedy = fmt::format("{} more nodes are not supported either.", m_refusedNodes - m_refusals.size());
    if (!m_refusals.empty()) throw Error(std::move(m_refusals));
    std::vector<ValueId> ids;
    for (const std::string& name : outputs) {
        ForeignNode passing;
        passing.op = "Identity";
        passing.inputs = {name};
        passing.outputs = {name + "/output"};
        m_node = &passing;
        ValueId id = dataOf(name);
        if (m_model.graph.value(id).kind != graph::ValueKind::Activation) id = step("Identity", {id});
        if (m_batch && !batchOf(id).value_or(BatchPlace{0, 0, 0}).isAlone()) refuse("its samples do not stay apart");
        ids.push_back(id);
    }
    m_model.graph.setOutputs(ids);
}

std::int64_t OnnxImporter::integer(std::string_view attribute, std::int64_t fallback) const { return attributeOr(*m_node, attribute, fallback); }
double OnnxImporter::real(std::string_view attribute, double fallback) const { return attributeOr(*m_node, attribute, fallback); }
std::string OnnxImporter::text(std::string_view attribute, std::string_view fallback) const { return attributeOr(*m_node, attribute, std::string(fallback)); }
std::vector<std::int64_t> OnnxImporter::integers(std::string_view attribute) const { return attributeOr(*m_node, attribute, std::vector<std::int64_t>{}); }

}  // namespace headroom::formats
