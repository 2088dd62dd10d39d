// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <onnx/onnx.pb.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/graph/op_entry.h"
#include "engine/formats/onnx_reader.h"
#include "support/temporary_folder.h"

namespace headroom::test {

/// A file made of messages, for what a writer of ours would never write.
class Foreign {
public:
    explicit Foreign(int opset = 17) {
        model.set_ir_version(8);
        auto& import = *model.add_opset_import();
        import.set_version(opset);
    }

    onnx::GraphProto& graph() { return *model.mutable_graph(); }
    void input(const std::string& name, const std::vector<std::string>& dims, int type = onnx::TensorProto::FLOAT) { value(*graph().add_input(), name, dims, type); }
    void output(const std::string& name) { graph().add_output()->set_name(name); }
    onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs, const std::string& domain = "") {
        onnx::NodeProto& added = *graph().add_node();
        added.set_op_type(op);
        added.set_domain(domain);
        for (const std::string& each : inputs) added.add_input(each);
        for (const std::string& each : outputs) added.add_output(each);
        return added;
    }
    onnx::TensorProto& weight(const std::string& name, const std::vector<std::int64_t>& dims, int type = onnx::TensorProto::FLOAT) {
        onnx::TensorProto& tensor = *graph().add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(type);
        for (const std::int64_t each : dims) tensor.add_dims(each);
        return tensor;
    }
    void reals(const std::string& name, const std::vector<std::int64_t>& dims) {
        onnx::TensorProto& tensor = weight(name, dims);
        std::int64_t count = 1;
        for (const std::int64_t each : dims) count *= each;
        for (std::int64_t i = 0; i < count; ++i) tensor.add_float_data(0.5F + static_cast<float>(i) * 0.25F);
    }
    void numbers(const std::string& name, const std::vector<std::int64_t>& content) {
        onnx::TensorProto& tensor = weight(name, {std::ssize(content)}, onnx::TensorProto::INT64);
        for (const std::int64_t each : content) tensor.add_int64_data(each);
    }
    static void integer(onnx::NodeProto& node, const std::string& name, std::int64_t number) {
        onnx::AttributeProto& added = *node.add_attribute();
        added.set_name(name);
        added.set_type(onnx::AttributeProto::INT);
        added.set_i(number);
    }
    static void text(onnx::NodeProto& node, const std::string& name, const std::string& content) {
        onnx::AttributeProto& added = *node.add_attribute();
        added.set_name(name);
        added.set_type(onnx::AttributeProto::STRING);
        added.set_s(content);
    }
    static void integers(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& content) {
        onnx::AttributeProto& added = *node.add_attribute();
        added.set_name(name);
        added.set_type(onnx::AttributeProto::INTS);
        for (const std::int64_t each : content) added.add_ints(each);
    }

    std::filesystem::path save(const std::string& name = "model.onnx") const {
        const auto path = m_folder->path() / name;
        std::ofstream file(path, std::ios::binary);
        model.SerializeToOstream(&file);
        return path;
    }
    formats::OnnxModel read(const formats::OnnxReadOptions& options = {}) const { return formats::readOnnx(save(), options); }

    onnx::ModelProto model;

private:
    static void value(onnx::ValueInfoProto& proto, const std::string& name, const std::vector<std::string>& dims, int type) {
        proto.set_name(name);
        auto& tensor = *proto.mutable_type()->mutable_tensor_type();
        tensor.set_elem_type(type);
        tensor.mutable_shape();
        for (const std::string& dim : dims) {
            auto& added = *tensor.mutable_shape()->add_dim();
            if (dim.find_first_not_of("-0123456789") == std::string::npos) added.set_dim_value(std::stoll(dim));
            else added.set_dim_param(dim);
        }
    }
    std::unique_ptr<TemporaryFolder> m_folder = std::make_unique<TemporaryFolder>();
};

inline std::string shapeOf(const formats::OnnxModel& model, std::size_t output = 0) {
    return graph::toString(model.graph.value(model.graph.outputs()[output]).type.shape);
}
inline std::vector<std::string> operatorsOf(const formats::OnnxModel& model) {
    std::vector<std::string> names;
    for (const graph::Node& node : model.graph.nodes()) names.emplace_back(node.op->name);
    return names;
}

}  // namespace headroom::test
