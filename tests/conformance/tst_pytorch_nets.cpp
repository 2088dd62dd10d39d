// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <QProcess>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/graph/ops/linear.h"
#include "base/graph/rewrites/rewrite.h"
#include "base/plan/program.h"
#include "core/base/graph/nets.h"
#include "engine/formats/safetensors.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kBatch = 8;
using Named = std::map<std::string, at::Tensor>;

std::size_t at(graph::ValueId id) { return static_cast<std::size_t>(id); }

void write(const fs::path& path, const Named& tensors) {
    std::vector<formats::StSpec> specs;
    for (const auto& [name, tensor] : tensors)
        specs.push_back({name, tensor.scalar_type() == at::kLong ? formats::StType::I64 : formats::StType::F32, tensor.sizes().vec()});
    formats::SafetensorsWriter writer(path, specs);
    for (const auto& [name, tensor] : tensors) writer.write(name, tensor::toBytes(tensor));
    writer.finish();
}

/// Pictures large enough that no norm sees less than 32 numbers.
test::NetCase enlarged(test::NetCase net) {
    if (net.data.kind == models::DataKind::Pictures) net.data.height = net.data.width = 32;
    return net;
}

/// Matrices that MatMul reads: [inputs, outputs], where PyTorch's Linear has [outputs, inputs].
std::vector<std::string> inputsFirst(const graph::Graph& graph) {
    std::vector<std::string> names;
    for (const graph::Node& node : graph.nodes())
        if (node.op == &graph::kMatMul) names.push_back(graph.value(node.inputs[1]).name);
    return names;
}

/// Norms that a ReLU alone reads: these may push it to either side, others (of branches that are added) upwards.
std::set<std::string> normsBeforeRelu(const graph::Graph& graph) {
    std::set<std::string> biases;
    for (const graph::Node& node : graph.nodes()) {
        if (node.op->name != "Relu" && node.op->name != "Clip") continue;
        const graph::NodeId from = graph.value(node.inputs[0]).producer;
        if (from != graph::kNone && graph.node(from).op->name == "BatchNormalization") biases.insert(graph.value(graph.node(from).inputs[2]).name);
    }
    return biases;
}

/// Scales of about a tenth and biases of about one: what comes to a ReLU is far from 0. Next to it rounding decides the side, and
/// with it a whole term of the gradient; a few in a million do that otherwise.
void awayFromKinks(const graph::Graph& graph, run::TensorSet& tensors, const graph::Graph& of) {
    const std::set<std::string> eitherSide = normsBeforeRelu(graph);
    for (const graph::Node& node : graph.nodes()) {
        if (node.op->name != "BatchNormalization") continue;
        const auto tensor = [&](std::size_t input) { return tensors.values[at(of.find(graph.value(node.inputs[input]).name))]; };
        const at::Tensor scale = tensor(1), bias = tensor(2);
        scale.copy_(at::rand(scale.sizes()) * 0.05 + 0.08);
        bias.copy_(at::rand(bias.sizes()) * 0.5 + 1);
        if (eitherSide.contains(graph.value(node.inputs[2]).name)) bias.mul_(at::randint(2, bias.sizes(), at::kFloat) * 2 - 1);
    }
}

/// One net with its weights, none of which is what it starts with, and one batch.
struct Bench {
    graph::Graph plain, training;
    Named inputs;
    run::TensorSet tensors;

    explicit Bench(const test::NetCase& net)
        : plain(test::trainingGraph(net)), training(graph::fusedForTraining(plain)) {
        run::initialize(training, 1, tensors);
        for (const graph::Value& value : training.values()) {
            at::Tensor& tensor = tensors.values[at(training.find(value.name))];
            if (!tensor.defined()) continue;
            if (value.kind == graph::ValueKind::Buffer) tensor.copy_(at::rand(tensor.sizes()) + 0.5);
            else if (!value.weightDecay) tensor.copy_(at::randn(tensor.sizes()) * 0.1 + (value.initializer.kind == graph::Initializer::Kind::Ones ? 1 : 0));
        }
        awayFromKinks(plain, tensors, training);
        const bool isText = net.data.kind == models::DataKind::Text;
        for (const graph::ValueId id : plain.inputs()) {
            const graph::Value& value = plain.value(id);
            const auto shape = graph::resolved(value.type.shape, {{"batch", kBatch}, {"sequence", net.data.context}});
            const std::int64_t classes = isText ? net.data.vocabulary : net.data.outputs;
            inputs[value.name] = value.type.dtype == graph::DType::I64 ? at::randint(classes, shape, at::kLong) : at::randn(shape);
        }
    }

    Named weights() const {
        Named all;
        for (const auto& ids : {training.parameters(), training.buffers()})
            for (const graph::ValueId id : ids) all[training.value(id).name] = tensors.values[at(id)];
        return all;
    }

    std::vector<at::Tensor> run(plan::Mode mode) {
        plan::LowerOptions options;
        options.mode = mode;
        options.extents = {{"batch", kBatch}, {"sequence", sequence()}};
        const plan::Program program = plan::lower(training, options);
        std::vector<at::Tensor> given;
        for (const graph::ValueId id : training.inputs()) given.push_back(tensor::inLayout(inputs.at(training.value(id).name)));
        run::Executor executor(training);
        return executor.run(program, tensors, given, {1, 0, {}});
    }

    std::int64_t sequence() const {
        const auto tokens = inputs.find("tokens");
        return tokens == inputs.end() ? 1 : tokens->second.size(1);
    }

    /// Logits in use, then a step: loss, logits, gradients, and the buffers that it leaves.
    Named results() {
        Named all{{"logits in use", run(plan::Mode::Inference)[1]}};
        const std::vector<at::Tensor> outputs = run(plan::Mode::Training);
        all["loss"] = outputs[0];
        all["logits"] = outputs[1];
        for (const graph::ValueId id : training.parameters()) all["gradient of " + training.value(id).name] = tensors.gradients[at(id)];
        for (const graph::ValueId id : training.buffers()) all["buffer " + training.value(id).name] = tensors.values[at(id)];
        return all;
    }
};

nlohmann::json described(const test::NetCase& net, const graph::Graph& graph) {
    return {{"arch", net.name}, {"outputs", net.data.outputs}, {"features", net.data.features}, {"channels", net.data.channels},
            {"side", net.data.height}, {"vocabulary", net.data.vocabulary}, {"context", net.data.context},
            {"width", net.options.width}, {"layers", net.options.layers}, {"heads", net.options.heads},
            {"inputs_first", inputsFirst(graph)}};
}

}  // namespace

class PyTorchConformance : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// Same weights, same batch: a step of every architecture against torchvision's net, or one written out in PyTorch's layers.
    void everyNetComputesWhatPyTorchComputes() {
        const QString python = qEnvironmentVariable("HEADROOM_TORCH_PYTHON");
        if (python.isEmpty()) QSKIP("HEADROOM_TORCH_PYTHON is not set: the Python that packaging/peers prints");
        at::manual_seed(5);
        at::set_num_threads(1);
        const test::TemporaryFolder folder;
        for (const test::NetCase& small : test::everyNet()) {
            const test::NetCase net = enlarged(small);
            const fs::path place = folder.path() / net.name;
            fs::create_directories(place);
            Bench bench(net);
            std::ofstream(place / "net.json") << described(net, bench.plain);
            write(place / "weights.safetensors", bench.weights());
            write(place / "inputs.safetensors", bench.inputs);
            write(place / "results.safetensors", bench.results());
        }
        QProcess process;
        process.start(python, {HEADROOM_REFERENCE_NETS, QString::fromStdString(folder.path().string())});
        QVERIFY(process.waitForFinished(500'000));
        const QByteArray report = process.readAllStandardOutput();
        QVERIFY2(process.exitCode() == 0, report + process.readAllStandardError());
        QCOMPARE(report.count('\n'), static_cast<qsizetype>(models::architectures().size()));
        qInfo("%s", report.constData());
    }
};

HEADROOM_TEST(PyTorchConformance)
#include "tst_pytorch_nets.moc"
