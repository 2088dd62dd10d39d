// SPDX-License-Identifier: Apache-2.0
#include "core/engine/run/nets.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/graph/rewrites/rewrite.h"
#include "base/models/builders.h"
#include "base/plan/training_step.h"
#include "core/base/graph/nets.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"

namespace headroom::test {
namespace {

models::DataShape shapeFor(const std::string& name, bool small) {
    models::DataShape shape;
    shape.outputs = 10;
    if (name == "mlp") {
        shape.kind = models::DataKind::Table;
        shape.features = small ? 12 : 108;
        shape.outputs = small ? 5 : 2;
    } else if (name.starts_with("gpt")) {
        shape.kind = models::DataKind::Text;
        shape.task = models::Task::NextToken;
        shape.vocabulary = small ? 17 : name == "gpt_words" ? 8192 : 65;
        shape.context = small ? 12 : 128;
    } else {
        shape.channels = name == "cnn" ? 1 : 3;
        shape.height = shape.width = small ? 8 : name == "cnn" ? 28 : 32;
    }
    return shape;
}

/// Whole numbers in a fixed pseudo-random order, without LibTorch's global generator.
std::uint64_t nextNumber(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

at::Tensor madeUp(const std::vector<std::int64_t>& shape, graph::DType type, std::int64_t classes, std::uint64_t& state) {
    at::Tensor whole = tensor::emptyInLayout(shape, at::kLong, at::kCPU);
    at::Tensor real = tensor::emptyInLayout(shape, at::kFloat, at::kCPU);
    const bool integer = type == graph::DType::I64 || type == graph::DType::I32 || type == graph::DType::U8;
    for (std::int64_t i = 0; i < whole.numel(); ++i) {
        const std::uint64_t bits = nextNumber(state);
        whole.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(classes));
        real.mutable_data_ptr<float>()[i] = static_cast<float>(std::ldexp(static_cast<double>(bits >> 11), -51) - 2);
    }
    return (integer ? whole : real).to(tensor::scalarType(type));
}

bool isSized(const std::string& name, bool small) {
    constexpr std::array kSized{"mlp", "cnn", "resnet20", "gpt_mini", "gpt_words", "gpt12"};
    constexpr std::array kSizedInFull{"resnet18", "vit_tiny"};
    return std::ranges::count(kSized, name) > 0 || (!small && std::ranges::count(kSizedInFull, name) > 0);
}

Net fixedNet(const std::string& name, std::int64_t batch, double dropout) {
    const auto all = everyNet();
    const NetCase& found = *std::ranges::find(all, name, &NetCase::name);
    Net net{name, {}, trainingGraph(found, dropout), {{"batch", batch}, {"sequence", found.data.context}}};
    net.graph = graph::fusedForTraining(net.unfused);
    return net;
}

/// That every target may have.
std::int64_t classesOf(const Net& net) {
    if (net.name == "mlp") return 2;
    if (net.name.starts_with("gpt") || net.name == "lstm") return 17;
    return net.name == "unet_small" ? 4 : net.name == "tabular_resnet" ? 5 : 10;
}

}  // namespace

Net makeNet(const std::string& name, std::int64_t batch, bool small, double dropout) {
    if (!isSized(name, small)) return fixedNet(name, batch, dropout);
    const models::DataShape shape = shapeFor(name, small);
    const models::ModelOptions options{.dropout = dropout};
    const std::string arch = name == "gpt_words" ? "gpt_mini" : name;
    Net net{name, {}, name == "gpt12" ? models::buildGpt(shape, {12, 384, 6}, options) : models::build(arch, shape, options),
            {{"batch", batch}, {"sequence", shape.context}}};
    models::appendLoss(net.unfused, shape.task);
    net.graph = graph::fusedForTraining(net.unfused);
    return net;
}

Net withChunkedLoss(Net net) {
    config::RunConfig config;
    config.memory.chunkedLoss = true;
    net.graph = plan::lossOnly(std::move(net.graph), config);
    return net;
}

plan::Program lowered(const Net& net, const graph::Graph& graph, plan::Precision precision, plan::Gradients gradients,
                      plan::Mode mode) {
    plan::LowerOptions options;
    options.mode = mode;
    options.precision = precision;
    options.gradients = gradients;
    options.extents = net.extents;
    return plan::lower(graph, options);
}

std::vector<at::Tensor> madeUpInputs(const Net& net, const graph::Graph& graph, const plan::Program& program,
                                     std::uint64_t seed) {
    const tensor::MemoryScope scope(plan::Kind::Batches);
    const std::int64_t classes = classesOf(net);
    std::vector<at::Tensor> inputs;
    for (const graph::ValueId id : graph.inputs()) {
        const graph::ResolvedTensor& wanted =
            program.slots[static_cast<std::size_t>(program.valueSlots[static_cast<std::size_t>(id)])].tensor;
        inputs.push_back(madeUp(wanted.shape, wanted.dtype, classes, seed));
    }
    return inputs;
}

run::TensorSet initialised(const graph::Graph& graph, std::uint64_t seed, plan::Precision precision) {
    run::TensorSet tensors;
    run::initialize(graph, seed, tensors, precision);
    return tensors;
}

}  // namespace headroom::test
