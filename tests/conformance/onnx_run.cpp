// SPDX-License-Identifier: Apache-2.0
#include "conformance/onnx_run.h"

#include <QByteArray>
#include <QProcess>
#include <QString>

#include "base/plan/program.h"
#include "engine/formats/safetensors.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"

namespace headroom::test {
namespace {

formats::StType typeOf(const at::Tensor& tensor) {
    switch (tensor.scalar_type()) {
        case at::kLong: return formats::StType::I64;
        case at::kInt: return formats::StType::I32;
        case at::kByte: return formats::StType::U8;
        case at::kBool: return formats::StType::Bool;
        case at::kDouble: return formats::StType::F64;
        case at::kHalf: return formats::StType::F16;
        default: return formats::StType::F32;
    }
}

}  // namespace

at::Tensor tensorOf(const graph::HostTensor& tensor) { return tensor::inLayout(tensor::fromBytes(tensor.dtype, tensor.shape, tensor.data)); }

std::vector<at::Tensor> outputsOf(const formats::OnnxModel& model, const std::map<std::string, at::Tensor>& inputs, std::int64_t batch) {
    plan::LowerOptions options;
    options.mode = plan::Mode::Inference;
    options.extents = {{"batch", batch}};
    for (const graph::ValueId id : model.graph.inputs()) {
        const graph::Value& input = model.graph.value(id);
        for (std::size_t dim = 0; dim < input.type.shape.size(); ++dim)
            if (!input.type.shape[dim].isFixed()) options.extents[input.type.shape[dim].name] = inputs.at(input.name).size(static_cast<std::int64_t>(dim));
    }
    const plan::Program program = plan::lower(model.graph, options);
    run::TensorSet tensors;
    tensors.values.resize(model.graph.values().size());
    for (const graph::HostTensor& weight : model.weights) tensors.values[static_cast<std::size_t>(model.graph.find(weight.name))] = tensorOf(weight);
    std::vector<at::Tensor> given;
    for (const graph::ValueId id : model.graph.inputs()) given.push_back(inputs.at(model.graph.value(id).name));
    run::Executor executor(model.graph);
    return executor.run(program, tensors, given, {});
}

void writeTensors(const std::filesystem::path& path, const std::vector<Named>& tensors) {
    std::vector<formats::StSpec> specs;
    for (const Named& one : tensors)
        specs.push_back({one.name, typeOf(one.tensor), one.tensor.sizes().vec()});
    formats::SafetensorsWriter writer(path, specs);
    for (const Named& one : tensors) writer.write(one.name, tensor::toBytes(one.tensor));
    writer.finish();
}

Comparison compareInOnnxRuntime(const std::filesystem::path& folder) {
    QProcess python;
    python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_COMPARE, QString::fromStdString(folder.string())});
    if (!python.waitForFinished(240000)) return {false, "it did not end"};
    const QByteArray report = python.readAllStandardOutput();
    if (!report.isEmpty()) qInfo("%s", report.constData());
    return {python.exitCode() == 0, python.readAllStandardError().toStdString()};
}

}  // namespace headroom::test
