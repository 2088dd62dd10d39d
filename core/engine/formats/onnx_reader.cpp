// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_reader.h"

#include <fmt/format.h>
#include <onnx/onnx.pb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "base/errors/error.h"
#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_importer.h"
#include "engine/formats/onnx_recognition.h"

namespace headroom::formats {
namespace {

const std::string kBatch = OnnxBatch::dim().name;

bool isStandard(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string nameOf(const onnx::NodeProto& node) {
    return escaped(!node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "unnamed");
}

bool holdsGraph(const onnx::NodeProto& node) {
    return std::ranges::any_of(node.attribute(), [](const onnx::AttributeProto& each) {
        return each.has_g() || each.graphs_size() > 0 || each.type() == onnx::AttributeProto::GRAPH || each.type() == onnx::AttributeProto::GRAPHS;
    });
}

/// "com.evil::Exec (a, b and 3 more)", one an operator.
std::string unsupported(const onnx::ModelProto& model) {
    constexpr std::size_t kShown = 3, kMostOperators = 20;
    std::map<std::string, std::vector<std::string>> nodes;
    for (const onnx::NodeProto& node : model.graph().node()) {
        const bool known = isStandard(node.domain()) && (node.op_type() == "Constant" || isLiftable(node.op_type()));
        if (known && !holdsGraph(node)) continue;
        std::string op = isStandard(node.domain()) ? node.op_type() : node.domain() + "::" + node.op_type();
        nodes[escaped(op.empty() ? "nothing" : op)].push_back(nameOf(node));
    }
    std::string text;
    std::size_t count = 0;
    for (const auto& [op, names] : nodes) {
        if (++count > kMostOperators) return text + fmt::format(" and {} more operators", nodes.size() - kMostOperators);
        const std::vector<std::string> shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
        text += fmt::format("{}{} ({}{})", text.empty() ? "" : ", ", op, fmt::join(shown, ", "),
                            names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
    }
    return text;
}

/// Reads one parsed message; a second time where a batch cannot be freed.
class Reading {
public:
    Reading(const onnx::ModelProto& model, const std::string& file, const OnnxReadOptions& options) : m_proto(model), m_file(file), m_options(options) {}

    OnnxModel read() {
        refuseUnsupported();
        m_fed = fedInputs();
        takeNodes();
        if (m_options.freesBatch && hasBatchOfOne()) {
            try {
                return build(true);
            } catch (const Error&) {
                // Some node needs the batch as it is, or may mix samples: so it stays.
            }
        }
        return build(false);
    }

private:
    [[noreturn]] void refuse(Code code, std::string problem, std::string found = {}, std::string allowed = {}) const {
        throw Error(Failure{code, m_file, std::move(problem), std::move(found), std::move(allowed), {}});
    }

    void refuseUnsupported() const {
        std::vector<Failure> failures;
        if (auto outside = dataOutside(m_file, m_proto)) failures.push_back(std::move(*outside));
        if (const std::string found = unsupported(m_proto); !found.empty())
            failures.push_back({Code::Onx10, m_file, "operators are not supported", found, {}, "docs/operators.md lists those that are."});
        if (!failures.empty()) throw Error(std::move(failures));
    }

    // --- 16-bit floats

    /// Whether an attribute of that name is an element type.
    static bool namesType(const std::string& attribute) {
        constexpr auto kTypes = std::to_array<std::string_view>({"dtype", "output_datatype", "output_dtype", "precision", "softmax_precision", "to"});
        return std::ranges::count(kTypes, attribute) > 0;
    }
    std::int64_t typeNumber(std::int64_t number) const {
        const auto type = graph::typeOfOnnx(number);
        const bool widens = m_options.widensHalf && (type == graph::DType::F16 || type == graph::DType::BF16);
        m_widened = m_widened || widens;
        return widens ? graph::onnxType(graph::DType::F32) : number;
    }
    graph::HostTensor heldTensor(const onnx::TensorProto& proto) const {
        graph::HostTensor tensor = tensorFrom(proto, m_file, m_options.limits);
        return typeNumber(graph::onnxType(tensor.dtype)) == graph::onnxType(tensor.dtype) ? std::move(tensor) : widened(std::move(tensor));
    }

    graph::Attribute attributeOf(const onnx::AttributeProto& proto, ForeignNode& node) const {
        switch (proto.type()) {
            case onnx::AttributeProto::INT: return namesType(proto.name()) ? typeNumber(proto.i()) : proto.i();
            case onnx::AttributeProto::FLOAT: return static_cast<double>(proto.f());
            case onnx::AttributeProto::STRING: return proto.s();
            case onnx::AttributeProto::INTS: return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
            case onnx::AttributeProto::FLOATS: return std::vector<double>(proto.floats().begin(), proto.floats().end());
            case onnx::AttributeProto::STRINGS: return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
            case onnx::AttributeProto::TENSOR: node.tensors.emplace(proto.name(), heldTensor(proto.t())); return std::int64_t{0};
            default: refuse(Code::Onx13, "an attribute's encoding is not supported", escaped(proto.name()));
        }
    }

    void takeNodes() {
        for (const onnx::NodeProto& proto : m_proto.graph().node()) {
            ForeignNode node;
            node.op = proto.op_type();
            node.name = proto.name();
            node.inputs.assign(proto.input().begin(), proto.input().end());
            node.outputs.assign(proto.output().begin(), proto.output().end());
            for (const onnx::AttributeProto& each : proto.attribute()) {
                graph::Attribute attribute = attributeOf(each, node);
                if (!node.tensors.contains(each.name())) node.attributes.insert_or_assign(each.name(), std::move(attribute));
            }
            if (node.outputs.empty()) continue;  // it makes nothing that anybody could read
            if (node.op == "Constant") m_constants.push_back(constantOf(node));
            else m_nodes.push_back(std::move(node));
        }
    }

    graph::HostTensor constantOf(const ForeignNode& node) const {
        graph::HostTensor tensor;
        if (const auto held = node.tensors.find("value"); held != node.tensors.end()) {
            tensor = held->second;
        } else if (node.attributes.size() != 1) {
            refuse(Code::Onx13, "a constant's encoding is not supported", escaped(node.outputs[0]));
        } else {
            const auto& [key, value] = *node.attributes.begin();
            Content content;
            if (const auto* number = std::get_if<std::int64_t>(&value)) content.numbers = {{*number, {}}};
            else if (const auto* real = std::get_if<double>(&value)) content = {graph::DType::F32, {}, {}, {*real}};
            else if (const auto* reals = std::get_if<std::vector<double>>(&value)) content = {graph::DType::F32, {std::ssize(*reals)}, {}, *reals};
            else if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&value)) {
                content.shape = {std::ssize(*numbers)};
                for (const std::int64_t each : *numbers) content.numbers.push_back({each, {}});
            } else refuse(Code::Onx13, "a constant's encoding is not supported", escaped(key));
            tensor = tensorOf(content, {});
        }
        tensor.name = node.outputs[0];
        return tensor;
    }

    // --- inputs

    /// The inputs that are no weights.
    std::vector<const onnx::ValueInfoProto*> fedInputs() const {
        std::set<std::string_view> weights;
        for (const onnx::TensorProto& each : m_proto.graph().initializer()) weights.insert(each.name());
        std::vector<const onnx::ValueInfoProto*> fed;
        for (const onnx::ValueInfoProto& input : m_proto.graph().input())
            if (!weights.contains(input.name())) fed.push_back(&input);
        return fed;
    }

    bool hasBatchOfOne() const {
        return !m_fed.empty() && std::ranges::all_of(m_fed, [](const onnx::ValueInfoProto* input) {
            const auto& shape = input->type().tensor_type().shape();
            return shape.dim_size() >= 2 && shape.dim(0).dim_value() == 1;
        });
    }

    /// What the file calls a batch that is not the first dimension of its first input, where that is a number; else nothing.
    std::string secondBatch() const {
        const auto& shape = m_fed.front()->type().tensor_type().shape();
        if (shape.dim_size() == 0 || !shape.dim(0).has_dim_value()) return {};
        const auto found = std::ranges::find_if(shape.dim(), [](const auto& dim) { return dim.dim_param() == kBatch || dim.dim_param() == "batch_size"; });
        return found == shape.dim().end() ? std::string{} : found->dim_param();
    }

    /// A dimension's name in our words: factors are joined by '*', and digits alone would be a number.
    std::string dimName(const onnx::ValueInfoProto& input, int dim, bool first) const {
        std::string text = input.type().tensor_type().shape().dim(dim).dim_param();
        if (dim == 0 && first) return kBatch;
        const std::string& leading = m_proto.graph().input(0).type().tensor_type().shape().dim_size() > 0
                                         ? m_proto.graph().input(0).type().tensor_type().shape().dim(0).dim_param() : text;
        if (dim == 0 && !text.empty() && text == leading) return kBatch;
        for (char& each : text)
            if (!std::isalnum(static_cast<unsigned char>(each))) each = '_';
        if (dim > 0 && !text.empty() && text == secondBatch()) return kBatch;
        if (text.empty() || text == kBatch || text.find_first_not_of("0123456789") == std::string::npos) text = fmt::format("{}_{}", "dim", text.empty() ? fmt::format("{}_{}", m_unnamed++, dim) : text);
        return text;
    }

    graph::TensorType typeOf(const onnx::ValueInfoProto& input, bool first, bool freed) const {
        if (!input.type().has_tensor_type()) refuse(Code::Onx13, "an input is no tensor", escaped(input.name()));
        const auto& proto = input.type().tensor_type();
        const auto type = graph::typeOfOnnx(proto.elem_type());
        if (!type) refuse(Code::Onx13, "an input's element type is not supported", fmt::format("{}: {}", escaped(input.name()), proto.elem_type()));
        if (static_cast<std::size_t>(proto.shape().dim_size()) > m_options.limits.maxRank) refuse(Code::Onx06, "too many dimensions", escaped(input.name()));
        const auto read = graph::typeOfOnnx(typeNumber(proto.elem_type()));
        graph::TensorType found{*read, {}};
        for (int dim = 0; dim < proto.shape().dim_size(); ++dim) {
            const auto& each = proto.shape().dim(dim);
            if (each.has_dim_value() && (each.dim_value() < 0 || each.dim_value() > INT32_MAX))
                refuse(Code::Onx06, "a dimension is out of range", fmt::format("{}: {}", escaped(input.name()), each.dim_value()));
            const bool isNamed = !each.has_dim_value() || (freed && dim == 0);
            found.shape.push_back(isNamed ? graph::Dim::named(freed && dim == 0 ? kBatch : dimName(input, dim, first)) : graph::Dim::fixed(each.dim_value()));
        }
        return found;
    }

    OnnxModel build(bool freed) {
        OnnxModel model;
        model.graph.name = m_proto.graph().name();
        model.opset = opsetOf(m_proto);
        model.producer = m_proto.producer_name();
        model.batchFreed = freed;
        for (const onnx::StringStringEntryProto& each : m_proto.metadata_props()) model.metadata[each.key()] = each.value();
        OnnxImporter importer(model.opset, m_options, model);
        if (freed) importer.freeBatch();
        m_unnamed = 0;
        bool first = true;
        for (const onnx::ValueInfoProto* input : m_fed) importer.addInput(input->name(), typeOf(*input, std::exchange(first, false), freed));
        for (const onnx::TensorProto& tensor : m_proto.graph().initializer()) importer.addWeight(heldTensor(tensor), false);
        for (const graph::HostTensor& tensor : m_constants) importer.addWeight(tensor, true);
        for (const onnx::ValueInfoProto& output : m_proto.graph().output()) model.outputs.push_back(output.name());
        if (model.outputs.empty()) refuse(Code::Onx09, "it has no outputs");
        importer.findConstants(m_nodes);
        importer.findReaders(m_nodes, model.outputs);
        for (const ForeignNode& node : m_nodes) importer.add(node);
        importer.finish(model.outputs);
        recognise(model);
        model.halfWidened = m_widened;
        return model;
    }

    const onnx::ModelProto& m_proto;
    const std::string& m_file;
    const OnnxReadOptions& m_options;
    std::vector<const onnx::ValueInfoProto*> m_fed;
    std::vector<ForeignNode> m_nodes;
    std::vector<graph::HostTensor> m_constants;
    mutable int m_unnamed = 0;
    mutable bool m_widened = false;
};

}  // namespace

OnnxModel readOnnx(const std::filesystem::path& path, const OnnxReadOptions& options) {
    onnx::ModelProto model;
    parseOnnx(path, options.limits, model);
    const std::string file = escaped(path.filename().string());
    return Reading(model, file, options).read();
}

}  // namespace headroom::formats
