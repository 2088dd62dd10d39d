// SPDX-License-Identifier: Apache-2.0
#include "conformance/onnx_run.h"

#include "base/plan/program.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"

namespace headroom::test {

at::Tensor tensorOf(const graph::HostTensor& tensor) { return tensor::inLayout(tensor::fromBytes(tensor.dtype, tensor.shape, tensor.data)); }

std::vector<at::Tensor> outputsOf(const formats::OnnxModel& model, const std::map<std::string, at::Tensor>& inputs, std::int64_t batch) {
    plan::LowerOptions options;
    options.mode = plan::Mode::Inference;
    options.extents = {{"batch", batch}};
    const plan::Program program = plan::lower(model.graph, options);
    run::TensorSet tensors;
    tensors.values.resize(model.graph.values().size());
    for (const graph::HostTensor& weight : model.weights) tensors.values[static_cast<std::size_t>(model.graph.find(weight.name))] = tensorOf(weight);
    std::vector<at::Tensor> given;
    for (const graph::ValueId id : model.graph.inputs()) given.push_back(inputs.at(model.graph.value(id).name));
    run::Executor executor(model.graph);
    return executor.run(program, tensors, given, {});
}

}  // namespace headroom::test
