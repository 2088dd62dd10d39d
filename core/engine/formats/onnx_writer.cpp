// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_writer.h"

#include <onnx/onnx.pb.h>

#include <set>

#include "base/errors/error.h"
#include "engine/formats/atomic_file.h"
#include "engine/formats/checked.h"
#include "engine/formats/onnx_lowering.h"

namespace headroom::formats {
namespace {

constexpr std::uint64_t kLargestMessage = 0x7FFFFFFF;  // of protobuf: 2 GiB - 1

/// The oldest format version that may name the opset (onnx/helper.py, VERSION_TABLE).
int irVersion(int opset) {
    if (opset >= 23) return 11;
    if (opset >= 21) return 10;
    return opset >= 19 ? 9 : 8;
}

onnx::TensorProto::DataType elementType(graph::DType type) {
    switch (type) {
        case graph::DType::F32:
            return onnx::TensorProto::FLOAT;
        case graph::DType::F64:
            return onnx::TensorProto::DOUBLE;
        case graph::DType::F16:
            return onnx::TensorProto::FLOAT16;
        case graph::DType::BF16:
            return onnx::TensorProto::BFLOAT16;
        case graph::DType::I64:
            return onnx::TensorProto::INT64;
        case graph::DType::I32:
            return onnx::TensorProto::INT32;
        case graph::DType::U8:
            return onnx::TensorProto::UINT8;
        case graph::DType::Bool:
            return onnx::TensorProto::BOOL;
        case graph::DType::I8:
            return onnx::TensorProto::INT8;
        case graph::DType::I16:
            return onnx::TensorProto::INT16;
        case graph::DType::U16:
            return onnx::TensorProto::UINT16;
        case graph::DType::U32:
            return onnx::TensorProto::UINT32;
        case graph::DType::U64:
            return onnx::TensorProto::UINT64;
    }
    return onnx::TensorProto::UNDEFINED;
}

void setAttribute(onnx::AttributeProto& proto, const std::string& name, const graph::Attribute& attribute) {
    proto.set_name(name);
    if (const auto* integer = std::get_if<std::int64_t>(&attribute)) {
        proto.set_type(onnx::AttributeProto::INT);
        proto.set_i(*integer);
    } else if (const auto* real = std::get_if<double>(&attribute)) {
        proto.set_type(onnx::AttributeProto::FLOAT);
        proto.set_f(static_cast<float>(*real));
    } else if (const auto* text = std::get_if<std::string>(&attribute)) {
        proto.set_type(onnx::AttributeProto::STRING);
        proto.set_s(*text);
    } else if (const auto* reals = std::get_if<std::vector<double>>(&attribute)) {
        proto.set_type(onnx::AttributeProto::FLOATS);
        for (const double each : *reals) proto.add_floats(static_cast<float>(each));
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute)) {
        proto.set_type(onnx::AttributeProto::STRINGS);
        for (const std::string& each : *texts) proto.add_strings(each);
    } else {
        proto.set_type(onnx::AttributeProto::INTS);
        for (const std::int64_t number : std::get<std::vector<std::int64_t>>(attribute)) proto.add_ints(number);
    }
}

void addNode(onnx::GraphProto& proto, const OnnxNode& node) {
    onnx::NodeProto& added = *proto.add_node();
    added.set_op_type(node.op);
    added.set_name(node.name);
    for (const std::string& input : node.inputs) added.add_input(input);
    for (const std::string& output : node.outputs) added.add_output(output);
    for (const auto& [name, attribute] : node.attributes) setAttribute(*added.add_attribute(), name, attribute);
}

void addInitializer(onnx::GraphProto& proto, const std::string& name, onnx::TensorProto::DataType type,
                    const std::vector<std::int64_t>& shape, std::span<const std::byte> bytes) {
    onnx::TensorProto& tensor = *proto.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t extent : shape) tensor.add_dims(extent);
    tensor.set_raw_data(bytes.data(), bytes.size());
}

void addNumbers(onnx::GraphProto& proto, const std::string& name, const std::vector<std::int64_t>& numbers,
                bool scalar) {
    const std::vector<std::int64_t> shape = scalar ? std::vector<std::int64_t>{} : std::vector{std::ssize(numbers)};
    addInitializer(proto, name, onnx::TensorProto::INT64, shape, std::as_bytes(std::span(numbers)));
}

void addConstant(onnx::GraphProto& proto, const OnnxConstant& constant) {
    if (!constant.real) return addNumbers(proto, constant.name, constant.numbers, constant.scalar);
    const bool several = !constant.reals.empty();
    addInitializer(proto, constant.name, onnx::TensorProto::FLOAT, constant.shape, std::as_bytes(several ? std::span(constant.reals) : std::span(&constant.value, 1)));
}

void setValue(onnx::ValueInfoProto& proto, const graph::Value& value) {
    proto.set_name(value.name);
    auto& tensor = *proto.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(elementType(value.type.dtype));
    tensor.mutable_shape();  // a scalar has a shape of no dimensions, which is not the same as none
    for (const graph::Dim& dim : value.type.shape) {
        auto& added = *tensor.mutable_shape()->add_dim();
        if (dim.isFixed())
            added.set_dim_value(dim.extent);
        else
            added.set_dim_param(dim.name);
    }
}

[[noreturn]] void refuseWeight(const graph::Value& value, const char* problem) {
    throw Error({Code::Int01, value.name, problem, graph::toString(value.type.shape), "",
                 "Report this as a fault of the program."});
}

const StView& weightOf(const graph::Value& value, std::span<const StView> weights) {
    for (const StView& weight : weights) {
        if (weight.spec.name != value.name) continue;
        std::uint64_t bytes = static_cast<std::uint64_t>(graph::byteSize(value.type.dtype));
        for (const graph::Dim& dim : value.type.shape) bytes *= static_cast<std::uint64_t>(dim.extent);
        if (weight.bytes.size() != bytes) refuseWeight(value, "a weight to be exported has another size");
        return weight;
    }
    refuseWeight(value, "a weight to be exported is missing");
}

/// What a constant of the graph holds, in its element type.
template <class T, class From>
std::string packed(const std::vector<From>& content) {
    std::string bytes;
    for (const From& each : content) {
        const T number = static_cast<T>(each);
        bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
    return bytes;
}

void addConstant(onnx::GraphProto& proto, const graph::Value& value) {
    std::string bytes;
    switch (value.type.dtype) {
        case graph::DType::I64: bytes = packed<std::int64_t>(value.constant); break;
        case graph::DType::I32: bytes = packed<std::int32_t>(value.constant); break;
        case graph::DType::Bool: bytes = packed<std::uint8_t>(value.constant); break;
        case graph::DType::F32: bytes = packed<float>(value.reals); break;
        case graph::DType::F64: bytes = packed<double>(value.reals); break;
        default: refuseWeight(value, "a constant of this element type cannot be written");
    }
    addInitializer(proto, value.name, elementType(value.type.dtype), graph::resolved(value.type.shape, {}), std::as_bytes(std::span(bytes)));
}

/// Values of the graph that the file's nodes read: what only training needs stays out.
void addWeights(onnx::GraphProto& proto, const graph::Graph& net, const std::set<std::string>& read,
                std::span<const StView> weights) {
    for (const graph::Value& value : net.values()) {
        if (!read.contains(value.name)) continue;
        if (value.kind == graph::ValueKind::Constant) addConstant(proto, value);
        if (value.kind != graph::ValueKind::Parameter && value.kind != graph::ValueKind::Buffer) continue;
        std::vector<std::int64_t> shape;
        for (const graph::Dim& dim : value.type.shape) shape.push_back(dim.extent);
        addInitializer(proto, value.name, elementType(value.type.dtype), shape, weightOf(value, weights).bytes);
    }
}

void addPreparation(onnx::GraphProto& proto, const OnnxPreparation& preparation) {
    for (const OnnxNode& node : preparation.nodes.nodes) addNode(proto, node);
    for (const OnnxConstant& constant : preparation.nodes.constants) addConstant(proto, constant);
    for (const graph::Value& input : preparation.inputs) setValue(*proto.add_input(), input);
}

void fillGraph(onnx::GraphProto& proto, const graph::Graph& net, const OnnxNodes& lowered, std::span<const StView> weights,
               const std::optional<OnnxPreparation>& preparation) {
    proto.set_name(net.name.empty() ? "net" : net.name);
    std::set<std::string> read;
    std::string prepared;
    if (preparation) {
        addPreparation(proto, *preparation);
        prepared = preparation->nodes.nodes.back().outputs.front();
    }
    for (const OnnxNode& node : lowered.nodes) {
        addNode(proto, node);
        read.insert(node.inputs.begin(), node.inputs.end());
    }
    for (const graph::ValueId id : net.inputs())
        if (read.contains(net.value(id).name) && net.value(id).name != prepared) setValue(*proto.add_input(), net.value(id));
    for (const graph::ValueId id : net.outputs()) setValue(*proto.add_output(), net.value(id));
    for (const OnnxConstant& constant : lowered.constants) addConstant(proto, constant);
    addWeights(proto, net, read, weights);
}

void requireMessageSize(const std::string& name, std::uint64_t bytes) {
    if (bytes <= kLargestMessage) return;
    throw Error({Code::Onx02, name, "the file would be larger than ONNX allows", bytesText(bytes),
                 fmt::format("at most {}", bytesText(kLargestMessage)), "Export as safetensors."});
}

}  // namespace

void writeOnnx(const std::filesystem::path& path, const graph::Graph& graph, std::span<const StView> weights,
               const OnnxOptions& options) {
    const std::string name = escaped(path.filename().string());
    std::uint64_t weightBytes = 0;
    for (const StView& weight : weights) weightBytes += weight.bytes.size();
    requireMessageSize(name, weightBytes);

    onnx::ModelProto model;
    model.set_ir_version(irVersion(options.opset));
    model.set_producer_name("Headroom");
    model.set_producer_version(HEADROOM_VERSION);
    onnx::OperatorSetIdProto& opset = *model.add_opset_import();
    opset.set_domain("");
    opset.set_version(options.opset);
    for (const auto& [key, value] : options.metadata) {
        onnx::StringStringEntryProto& entry = *model.add_metadata_props();
        entry.set_key(key);
        entry.set_value(value);
    }
    fillGraph(*model.mutable_graph(), graph, lowerToOpset(graph, options.opset), weights, options.preparation);
    requireMessageSize(name, model.ByteSizeLong());

    const std::string bytes = model.SerializeAsString();
    AtomicFile file(path);
    file.writeAt(0, std::as_bytes(std::span(bytes)));
    file.commit();
}

}  // namespace headroom::formats
