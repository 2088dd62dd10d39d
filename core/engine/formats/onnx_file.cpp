// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx.pb.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "engine/formats/checked.h"
#include "engine/formats/detect.h"
#include "engine/formats/file.h"

namespace headroom::formats {
namespace {

constexpr int kOldestOpset = 7, kNewestOpset = 23;

/// How deep graphs lie within graphs, found on the encoded bytes with a stack of our own: a message that nests too deep never
/// reaches the recursive parser. Fields: ModelProto.graph 7, GraphProto.node 1, NodeProto.attribute 5, AttributeProto.g 6, graphs 11.
class DepthScan {
public:
    explicit DepthScan(std::string_view bytes) : m_bytes(bytes) {}

    std::size_t deepest(std::size_t enough) {
        m_open.push_back({Message::Model, 0, m_bytes.size()});
        while (!m_open.empty() && m_deepest <= enough) {
            if (m_open.back().at >= m_open.back().end || !field()) m_open.pop_back();
        }
        return m_deepest;
    }

private:
    enum class Message { Model, Graph, Node, Attribute };
    struct Open {
        Message message;
        std::size_t at, end;
    };

    bool varint(Open& open, std::uint64_t& value) const {
        value = 0;
        for (int shift = 0; shift < 64 && open.at < open.end; shift += 7) {
            const auto byte = static_cast<unsigned char>(m_bytes[open.at++]);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }

    static std::optional<Message> within(Message message, std::uint64_t number) {
        if (message == Message::Model && number == 7) return Message::Graph;
        if (message == Message::Graph && number == 1) return Message::Node;
        if (message == Message::Node && number == 5) return Message::Attribute;
        if (message == Message::Attribute && (number == 6 || number == 11)) return Message::Graph;
        return std::nullopt;
    }

    /// One field of the innermost open message; false where it is damaged, which the parser will say.
    bool field() {
        Open& open = m_open.back();
        std::uint64_t tag = 0, length = 0;
        if (!varint(open, tag)) return false;
        switch (tag & 7) {
            case 0: return varint(open, length);
            case 1: open.at += 8; return true;
            case 5: open.at += 4; return true;
            case 2: break;
            default: return false;
        }
        if (!varint(open, length) || length > open.end - open.at) return false;
        const auto inner = within(open.message, tag >> 3);
        const std::size_t begin = open.at, end = begin + length;
        open.at = end;
        if (!inner) return true;
        if (*inner == Message::Graph) m_deepest = std::max(m_deepest, graphsOpen() + 1);
        m_open.push_back({*inner, begin, end});
        return true;
    }
    std::size_t graphsOpen() const {
        return static_cast<std::size_t>(std::ranges::count(m_open, Message::Graph, &Open::message));
    }

    std::string_view m_bytes;
    std::vector<Open> m_open;
    std::size_t m_deepest = 0;
};

/// Finds the tensors with their data outside of the file, wherever in a message tensors can stand. How deep it goes is bounded by the
/// parser's limit of recursion.
class OutsideData {
public:
    explicit OutsideData(const onnx::ModelProto& model) {
        look(model.graph());
        for (const onnx::FunctionProto& each : model.functions()) {
            look(each.node());
            look(each.attribute_proto());
        }
        for (const onnx::TrainingInfoProto& each : model.training_info()) {
            look(each.initialization());
            look(each.algorithm());
        }
    }
    /// Their names: the first few, and how many more; empty where there are none.
    std::string names() const {
        constexpr std::size_t kShown = 3;
        const auto shown = std::span(m_found).first(std::min(kShown, m_found.size()));
        std::string text = fmt::format("{}", fmt::join(shown, ", "));
        return m_count > kShown ? text + fmt::format(" and {} more", groupedUnsigned(m_count - kShown)) : text;
    }
    bool areAny() const { return m_count > 0; }

private:
    template <typename T>
    void look(const google::protobuf::RepeatedPtrField<T>& all) {
        for (const T& each : all) look(each);
    }
    void look(const onnx::TensorProto& tensor) {
        const bool outside = tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0;
        if (outside && ++m_count <= 3) m_found.push_back(escaped(tensor.name()));
    }
    void look(const onnx::SparseTensorProto& tensor) {
        look(tensor.values());
        look(tensor.indices());
    }
    void look(const onnx::GraphProto& graph) {
        look(graph.initializer());
        look(graph.sparse_initializer());
        look(graph.node());
    }
    void look(const onnx::NodeProto& node) { look(node.attribute()); }
    void look(const onnx::AttributeProto& attribute) {
        look(attribute.t());
        look(attribute.tensors());
        look(attribute.sparse_tensor());
        look(attribute.sparse_tensors());
        if (attribute.has_g()) look(attribute.g());
        look(attribute.graphs());
    }

    std::vector<std::string> m_found;
    std::uint64_t m_count = 0;
};

/// What the schema cannot say of a graph and its names.
class Checking {
public:
    Checking(const std::string& file, const OnnxLimits& limits, const onnx::ModelProto& model) : m_file(file), m_limits(limits), m_model(model) {}

    void run() {
        checkVersions();
        checkFunctions();
        const onnx::GraphProto& graph = m_model.graph();
        if (static_cast<std::size_t>(graph.node_size()) > m_limits.maxNodes)
            refuse(Code::Onx14, "too many nodes", groupedUnsigned(static_cast<std::uint64_t>(graph.node_size())), groupedUnsigned(m_limits.maxNodes) + " allowed");
        if (graph.sparse_initializer_size() > 0) refuse(Code::Onx13, "sparse weights are not supported");
        collectNames(graph);
        checkReads(graph);
    }

private:
    [[noreturn]] void refuse(Code code, std::string problem, std::string found = {}, std::string allowed = {}) const {
        throw Error(Failure{code, m_file, std::move(problem), std::move(found), std::move(allowed), {}});
    }

    void checkVersions() const {
        if (m_model.ir_version() < 1) refuse(Code::Onx11, "the format's version is missing", fmt::format("ir_version {}", m_model.ir_version()));
        const int opset = opsetOf(m_model);
        if (opset < kOldestOpset || opset > kNewestOpset)
            refuse(Code::Onx11, "the opset is not supported", opset < 0 ? "none" : fmt::format("{}", opset), fmt::format("{} to {} allowed", kOldestOpset, kNewestOpset));
    }

    /// Local functions may not call each other in a circle; whether they are called is looked at with the operators.
    void checkFunctions() const {
        if (static_cast<std::size_t>(m_model.functions_size()) > m_limits.maxFunctions)
            refuse(Code::Onx08, "too many local functions", groupedUnsigned(static_cast<std::uint64_t>(m_model.functions_size())),
                   groupedUnsigned(m_limits.maxFunctions) + " allowed");
        std::map<std::string, std::set<std::string>> calls, callers;
        for (const onnx::FunctionProto& each : m_model.functions()) calls[each.domain() + "::" + each.name()];
        for (const onnx::FunctionProto& each : m_model.functions())
            for (const onnx::NodeProto& node : each.node()) {
                const std::string caller = each.domain() + "::" + each.name(), callee = node.domain() + "::" + node.op_type();
                if (!calls.contains(callee)) continue;
                calls[caller].insert(callee);
                callers[callee].insert(caller);
            }
        // Those that call none are taken away, until only circles are left and what leads into them.
        std::vector<std::string> free;
        for (const auto& [name, callees] : calls)
            if (callees.empty()) free.push_back(name);
        while (!free.empty()) {
            const std::string name = std::move(free.back());
            free.pop_back();
            calls.erase(name);
            for (const std::string& caller : callers[name])
                if (calls[caller].erase(name) > 0 && calls[caller].empty()) free.push_back(caller);
        }
        if (!calls.empty()) refuse(Code::Onx08, "local functions call each other in a circle", escaped(calls.begin()->first));
    }

    void define(const std::string& name, int node) {
        if (name.empty()) return;
        if (name.size() > m_limits.maxName)
            refuse(Code::Onx09, "a name is too long", countOf(name.size(), "byte", "bytes"), fmt::format("at most {}", m_limits.maxName));
        if (!m_definedBy.emplace(name, node).second) refuse(Code::Onx09, "a name is defined twice", escaped(name));
    }

    void collectNames(const onnx::GraphProto& graph) {
        std::set<std::string> given;
        for (const onnx::ValueInfoProto& input : graph.input()) define(input.name(), -1);
        for (const onnx::ValueInfoProto& input : graph.input()) given.insert(input.name());
        std::set<std::string> weights;
        for (const onnx::TensorProto& tensor : graph.initializer()) {
            if (!weights.insert(tensor.name()).second) refuse(Code::Onx09, "a name is defined twice", escaped(tensor.name()));
            if (!given.contains(tensor.name())) define(tensor.name(), -1);  // until opset 8 weights are inputs as well
        }
        for (int k = 0; k < graph.node_size(); ++k)
            for (const std::string& output : graph.node(k).output()) define(output, k);
    }

    void checkReads(const onnx::GraphProto& graph) {
        for (int k = 0; k < graph.node_size(); ++k)
            for (const std::string& input : graph.node(k).input()) {
                if (input.empty()) continue;
                const auto found = m_definedBy.find(input);
                if (found == m_definedBy.end()) refuse(Code::Onx09, "a name is read that nothing defines", escaped(input));
                if (found->second >= k) refuseOrder(graph, k, found->second);
            }
        for (const onnx::ValueInfoProto& output : graph.output())
            if (!m_definedBy.contains(output.name())) refuse(Code::Onx09, "a name is read that nothing defines", escaped(output.name()));
    }

    /// A node that reads what comes later: a cycle where that one, followed back, reads from it; else out of order.
    [[noreturn]] void refuseOrder(const onnx::GraphProto& graph, int reader, int definer) const {
        std::set<int> seen;
        std::vector<int> open{definer};
        while (!open.empty()) {
            const int node = open.back();
            open.pop_back();
            if (!seen.insert(node).second) continue;
            if (node == reader) refuse(Code::Onx08, "a cycle", fmt::format("{} and {} read each other", nameOf(graph, reader), nameOf(graph, definer)));
            for (const std::string& input : graph.node(node).input())
                if (const auto found = m_definedBy.find(input); found != m_definedBy.end() && found->second >= 0) open.push_back(found->second);
        }
        refuse(Code::Onx09, "a node reads what a later one defines", nameOf(graph, reader), "nodes in the order of their dependence");
    }
    static std::string nameOf(const onnx::GraphProto& graph, int node) {
        const onnx::NodeProto& each = graph.node(node);
        return escaped(!each.name().empty() ? each.name() : each.output_size() > 0 ? each.output(0) : each.op_type());
    }

    const std::string& m_file;
    const OnnxLimits& m_limits;
    const onnx::ModelProto& m_model;
    std::map<std::string, int> m_definedBy;  ///< the node, or -1: inputs and weights
};

void parse(const File& file, const OnnxLimits& limits, onnx::ModelProto& model) {
    if (file.size() > limits.maxBytes)
        throw Error(Failure{Code::Onx02, file.name(), "the file is larger than the format allows", bytesText(file.size()),
                            "at most " + bytesText(limits.maxBytes), {}});
    refusePickle(file);
    std::string bytes(file.size(), '\0');
    file.readExactly(0, std::as_writable_bytes(std::span(bytes)), Code::Onx01);
    if (DepthScan(bytes).deepest(limits.maxDepth) > limits.maxDepth)
        throw Error(Failure{Code::Onx07, file.name(), "graphs are nested too deep", {}, fmt::format("depth {} allowed", limits.maxDepth), {}});
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
    stream.SetRecursionLimit(static_cast<int>(4 * limits.maxDepth + 16));
    if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() || !model.has_graph())
        throw Error(Failure{Code::Onx01, file.name(), "not an ONNX file", {}, {}, {}});
}

}  // namespace

int opsetOf(const onnx::ModelProto& model) {
    for (const onnx::OperatorSetIdProto& each : model.opset_import())
        if (each.domain().empty() || each.domain() == "ai.onnx") return static_cast<int>(std::clamp<std::int64_t>(each.version(), -1, 1 << 20));
    return -1;
}

std::optional<Failure> dataOutside(const std::string& file, const onnx::ModelProto& model) {
    const OutsideData outside(model);
    if (!outside.areAny()) return std::nullopt;
    return Failure{Code::Onx03, file, "it keeps weights outside the file; not supported", outside.names(), {},
                   "Convert with: python -c \"import onnx; onnx.save(onnx.load('FILE'), 'one.onnx')\"."};
}

void parseOnnx(const std::filesystem::path& path, const OnnxLimits& limits, onnx::ModelProto& model) {
    const File file(path);
    parse(file, limits, model);
    Checking(file.name(), limits, model).run();
}

void requireOneFile(const std::filesystem::path& path) {
    const File file(path);
    onnx::ModelProto model;
    parse(file, {}, model);
    if (const auto failure = dataOutside(file.name(), model)) throw Error(*failure);
}

}  // namespace headroom::formats
