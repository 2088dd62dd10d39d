// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run/node_run.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "engine/run/segment.h"
#include "engine/tensor/bridge.h"

namespace headroom::test {
namespace {

bool holds(const std::vector<std::size_t>& list, std::size_t index) { return std::ranges::find(list, index) != list.end(); }

Plain plainOf(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.to(at::kCPU).to(at::kDouble).contiguous(at::MemoryFormat::Contiguous);
    const double* data = wide.const_data_ptr<double>();
    return {tensor.sizes().vec(), {data, data + wide.numel()}};
}

graph::Shape shapeOf(const Plain& plain) {
    graph::Shape shape;
    for (const std::int64_t extent : plain.shape) shape.push_back(graph::Dim::fixed(extent));
    return shape;
}

}  // namespace

NodeRun::NodeRun(const OperatorCase& operatorCase, at::ScalarType type, at::Device device)
    : m_case(operatorCase), m_type(type), m_device(device) {
    std::vector<graph::ValueId> inputs;
    for (std::size_t i = 0; i < m_case.inputs.size(); ++i) {
        const Plain& plain = m_case.inputs[i];
        const std::string name = "input" + std::to_string(i);
        const graph::DType dtype = holds(m_case.integers, i) ? graph::DType::I64 : graph::DType::F32;
        if (holds(m_case.constants, i))
            inputs.push_back(m_graph.addConstant(name, {plain.data.begin(), plain.data.end()}));
        else
            inputs.push_back(m_graph.addInput(name, {dtype, shapeOf(plain)}));
        const bool whole = holds(m_case.integers, i) || holds(m_case.constants, i);
        m_inputTypes.push_back({whole ? graph::DType::I64 : tensor::dtype(type), plain.shape});
        m_wants.push_back(!whole && !holds(m_case.fixed, i));
    }
    const auto outputs = m_graph.addNode(*m_case.op, "node", inputs, m_case.attributes);
    for (const graph::ValueId id : outputs) {
        const graph::TensorType& made = m_graph.value(id).type;
        const bool keep = (m_case.op->precision == graph::PrecisionClass::Keep || m_case.op->keepsOutputs) && type == at::kBFloat16;
        m_outputTypes.push_back({keep ? graph::DType::F32 : tensor::dtype(type), graph::resolved(made.shape, {})});
    }
    for (std::size_t i = 0; i < m_inputTypes.size(); ++i)
        m_inputPointers.push_back(holds(m_case.constants, i) ? nullptr : &m_inputTypes[i]);
    for (const auto& output : m_outputTypes) m_outputPointers.push_back(&output);
}

/// Parameters of norms stay fp32 at lower precision; matrices are cast.
at::Tensor NodeRun::tensorOf(const Plain& plain, bool integer) const {
    const auto bytes = std::as_bytes(std::span(plain.data));
    at::Tensor tensor = tensor::inLayout(tensor::fromBytes(graph::DType::F64, plain.shape, bytes));
    const bool vector = plain.shape.size() == 1 && m_type == at::kBFloat16 && m_case.op->precision == graph::PrecisionClass::Follow;
    return tensor.to(integer ? at::kLong : vector ? at::kFloat : m_type).to(m_device);
}

graph::ResolvedNode NodeRun::resolved() const { return {m_graph.nodes().front(), m_inputTypes, m_outputTypes}; }

run::KernelContext NodeRun::context() {
    return {.node = m_graph.nodes().front(),
            .graph = &m_graph,
            .identity = {},
            .inputTypes = m_inputPointers,
            .outputTypes = m_outputPointers,
            .inputs = m_inputs,
            .outputs = m_outputs,
            .extras = m_extras};
}

std::vector<Plain> NodeRun::forward(const std::vector<Plain>& inputs) {
    const at::NoGradGuard noGrad;
    m_inputs.clear();
    for (std::size_t i = 0; i < inputs.size(); ++i)
        m_inputs.push_back(holds(m_case.constants, i) ? at::Tensor() : tensorOf(inputs[i], holds(m_case.integers, i)));
    const auto saves = m_case.op->saves ? m_case.op->saves(resolved(), m_device.is_cuda() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu)
                                        : std::vector<graph::Saved>{};
    m_outputs.assign(m_outputTypes.size(), {});
    m_extras.assign(static_cast<std::size_t>(std::ranges::count(saves, graph::Saved::From::Extra, &graph::Saved::from)), {});
    run::KernelContext here = context();
    run::kernel(*m_case.op).forward(here);
    for (const graph::Saved& saved : saves) {
        if (saved.from != graph::Saved::From::Extra) continue;
        const at::Tensor& extra = m_extras[static_cast<std::size_t>(saved.index)];
        const bool wide = m_type == at::kDouble && saved.extra.dtype == graph::DType::F32;
        m_extrasAsPromised &= extra.sizes() == at::IntArrayRef(saved.extra.shape) &&
                              (wide || extra.scalar_type() == tensor::scalarType(saved.extra.dtype));
    }
    std::vector<Plain> results;
    for (const at::Tensor& output : m_outputs) results.push_back(plainOf(output));
    return results;
}

std::vector<Plain> NodeRun::backward(const std::vector<Plain>& outputGradients) {
    return backwardOf(run::kernel(*m_case.op), outputGradients);
}

std::vector<Plain> NodeRun::backwardOf(const run::Kernel& kernel, const std::vector<Plain>& outputGradients) {
    const at::NoGradGuard noGrad;
    std::vector<char> inputKept(m_inputs.size()), outputKept(m_outputs.size());
    if (m_case.op->saves)
        for (const graph::Saved& saved : m_case.op->saves(resolved(), m_device.is_cuda() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu)) {
            if (saved.from == graph::Saved::From::Input && (saved.onlyFor == graph::kNone || m_wants[static_cast<std::size_t>(saved.onlyFor)])) inputKept[static_cast<std::size_t>(saved.index)] = 1;
            if (saved.from == graph::Saved::From::Output) outputKept[static_cast<std::size_t>(saved.index)] = 1;
        }
    for (std::size_t i = 0; i < m_inputs.size(); ++i)
        if (!inputKept[i]) m_inputs[i].reset();
    std::vector<at::Tensor> gradients, made(m_inputs.size());
    for (std::size_t k = 0; k < m_outputs.size(); ++k) {
        const at::Tensor wide = tensor::inLayout(tensor::fromBytes(graph::DType::F64, outputGradients[k].shape, std::as_bytes(std::span(outputGradients[k].data))));
        gradients.push_back(wide.to(tensor::scalarType(m_outputTypes[k].dtype)).to(m_device));
        if (!outputKept[k]) m_outputs[k].reset();
    }
    run::KernelContext here = context();
    here.outputGradients = gradients;
    here.inputGradients = made;
    here.wantsGradient = {reinterpret_cast<const bool*>(m_wants.data()), m_wants.size()};
    kernel.backward ? kernel.backward(here) : run::backwardByAutograd(kernel, here);
    std::vector<Plain> results;
    for (std::size_t i = 0; i < made.size(); ++i) results.push_back(m_wants[i] ? plainOf(made[i]) : Plain{});
    return results;
}

}  // namespace headroom::test
