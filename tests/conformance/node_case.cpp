// SPDX-License-Identifier: Apache-2.0
#include "conformance/node_case.h"

#include <onnx/onnx.pb.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/errors/error.h"
#include "conformance/onnx_run.h"
#include "engine/formats/onnx_writer.h"
#include "engine/tensor/bridge.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

onnx::ModelProto messageOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    onnx::ModelProto model;
    model.ParseFromIstream(&file);
    return model;
}

/// Where numpy had no bfloat16, the cases' tensors of that type say that they hold 16-bit numbers.
void takeDeclaredType(graph::HostTensor& tensor, const onnx::ValueInfoProto& declared) {
    if (tensor.dtype == graph::DType::U16 && declared.type().tensor_type().elem_type() == onnx::TensorProto::BFLOAT16) tensor.dtype = graph::DType::BF16;
}

graph::HostTensor read(const fs::path& folder, const std::string& kind, int number, const onnx::ValueInfoProto& declared) {
    graph::HostTensor tensor = formats::readOnnxTensor(folder / "test_data_set_0" / (kind + "_" + std::to_string(number) + ".pb"));
    tensor.name = declared.name();
    takeDeclaredType(tensor, declared);
    return tensor;
}

std::string difference(const at::Tensor& found, const graph::HostTensor& expected, const Tolerance& tolerance) {
    if (tensor::dtype(found.scalar_type()) != expected.dtype) return "type " + std::string(graph::name(tensor::dtype(found.scalar_type()))) + " for " + std::string(graph::name(expected.dtype));
    if (found.sizes() != at::IntArrayRef(expected.shape)) return "another shape";
    const double relative = expected.dtype == graph::DType::BF16 ? tolerance.relativeBf16 : expected.dtype == graph::DType::F16 ? tolerance.relativeF16 : tolerance.relative;
    const at::Tensor a = found.to(at::kDouble).contiguous(), b = tensor::fromBytes(expected.dtype, expected.shape, expected.data).to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < a.numel(); ++i) {
        const double x = a.const_data_ptr<double>()[i], y = b.const_data_ptr<double>()[i];
        const bool same = x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= tolerance.absolute + relative * std::abs(y);
        if (!same) return std::to_string(x) + " for " + std::to_string(y) + " at " + std::to_string(i);
    }
    return {};
}

}  // namespace

std::string difference(const std::vector<at::Tensor>& found, const std::vector<graph::HostTensor>& expected, const Tolerance& tolerance) {
    if (found.size() != expected.size()) return std::to_string(found.size()) + " outputs for " + std::to_string(expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k)
        if (const std::string differs = difference(found[k], expected[k], tolerance); !differs.empty()) return "output " + std::to_string(k) + ": " + differs;
    return {};
}

NodeCase readNodeCase(const fs::path& folder) {
    const onnx::ModelProto message = messageOf(folder / "model.onnx");
    formats::OnnxReadOptions options;
    options.freesBatch = false;
    options.widensHalf = false;
    NodeCase read;
    for (int k = 0; k < message.graph().input_size(); ++k) {
        const graph::HostTensor tensor = test::read(folder, "input", k, message.graph().input(k));
        read.inputs[tensor.name] = tensorOf(tensor);
        options.known.emplace(tensor.name, tensor);
    }
    read.model = formats::readOnnx(folder / "model.onnx", options);
    for (int k = 0; k < message.graph().output_size(); ++k) read.expected.push_back(test::read(folder, "output", k, message.graph().output(k)));
    return read;
}

std::string differenceWrittenAgain(const fs::path& folder, const fs::path& path, int opset, const Tolerance& tolerance) try {
    const NodeCase read = readNodeCase(folder);
    std::vector<formats::StView> weights;
    for (const graph::HostTensor& each : read.model.weights) weights.push_back({{each.name, formats::StType::F32, each.shape}, each.data});
    formats::writeOnnx(path, read.model.graph, weights, {.opset = opset, .metadata = {}});
    formats::OnnxReadOptions asWritten;
    asWritten.freesBatch = false;
    asWritten.widensHalf = false;
    return difference(outputsOf(formats::readOnnx(path, asWritten), read.inputs), read.expected, tolerance);
} catch (const Error& error) {
    return error.what();
}

Outcome runNodeCase(const fs::path& folder, const Tolerance& tolerance) {
    NodeCase read;
    try {
        read = readNodeCase(folder);
    } catch (const Error& error) {
        return {Outcome::Kind::NotCovered, error.what()};
    }
    try {
        const std::string differs = difference(outputsOf(read.model, read.inputs), read.expected, tolerance);
        return {differs.empty() ? Outcome::Kind::Passed : Outcome::Kind::Failed, differs};
    } catch (const std::exception& error) {
        return {Outcome::Kind::Failed, error.what()};
    }
}

}  // namespace headroom::test
