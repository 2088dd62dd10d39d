// SPDX-License-Identifier: Apache-2.0
#include <QProcess>

#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/regularization.h"
#include "base/plan/program.h"
#include "core/engine/run/reference.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using test::OperatorCase;

namespace {

struct Named {
    std::string name;
    at::Tensor tensor;
};

void write(const std::filesystem::path& path, const std::vector<Named>& tensors) {
    std::vector<formats::StSpec> specs;
    for (const Named& one : tensors)
        specs.push_back({one.name, one.tensor.scalar_type() == at::kLong ? formats::StType::I64 : formats::StType::F32,
                         one.tensor.sizes().vec()});
    formats::SafetensorsWriter writer(path, specs);
    for (const Named& one : tensors) writer.write(one.name, tensor::toBytes(one.tensor));
    writer.finish();
}

at::Tensor tensorOf(const test::Plain& plain, bool whole) {
    const at::Tensor wide = tensor::fromBytes(graph::DType::F64, plain.shape, std::as_bytes(std::span(plain.data)));
    return tensor::inLayout(wide.to(whole ? at::kLong : at::kFloat));
}

/// One operator as a graph of its own, with the inputs of the case.
struct Single {
    graph::Graph graph;
    std::vector<Named> inputs;

    explicit Single(const OperatorCase& one) {
        std::vector<graph::ValueId> ids;
        for (std::size_t i = 0; i < one.inputs.size(); ++i) {
            const std::string name = "input" + std::to_string(i);
            const bool whole = std::ranges::count(one.integers, i) > 0;
            if (std::ranges::count(one.constants, i)) {
                ids.push_back(graph.addConstant(name, {one.inputs[i].data.begin(), one.inputs[i].data.end()}));
                continue;
            }
            graph::Shape shape;
            for (const std::int64_t extent : one.inputs[i].shape) shape.push_back(graph::Dim::fixed(extent));
            ids.push_back(graph.addInput(name, {whole ? graph::DType::I64 : graph::DType::F32, shape}));
            inputs.push_back({name, tensorOf(one.inputs[i], whole)});
        }
        graph.setOutputs(graph.addNode(*one.op, "node", ids, one.attributes));
    }

    /// Outputs in inference, by the names of the values.
    std::vector<Named> run() const {
        plan::LowerOptions options;
        options.mode = plan::Mode::Inference;
        const plan::Program program = plan::lower(graph, options);
        run::TensorSet tensors;
        run::initialize(graph, 1, tensors);
        std::vector<at::Tensor> given;
        for (const Named& input : inputs) given.push_back(input.tensor);
        run::Executor executor(graph);
        const std::vector<at::Tensor> made = executor.run(program, tensors, given, {});
        std::vector<Named> outputs;
        for (std::size_t k = 0; k < graph.outputs().size(); ++k) outputs.push_back({graph.value(graph.outputs()[k]).name, made[k]});
        return outputs;
    }
};

/// Losses are not exported, and dropout alone leaves no node.
bool isExported(const OperatorCase& one) {
    const bool isLoss = one.op->precision == graph::PrecisionClass::Keep || one.op == &graph::kLinearCrossEntropy;
    return !isLoss && one.op != &graph::kDropout;
}

}  // namespace

class OnnxRuntimeConformance : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// Every operator, written as ONNX of the oldest and the newest opset, gives the same numbers in ONNX Runtime.
    void everyOperatorComputesWhatOnnxRuntimeComputes_data() {
        QTest::addColumn<int>("opset");
        QTest::newRow("opset 17") << 17;
        QTest::newRow("opset 23") << 23;
    }
    void everyOperatorComputesWhatOnnxRuntimeComputes() {
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        int number = 0;
        for (const OperatorCase& one : test::operatorCases()) {
            if (!isExported(one)) continue;
            const auto place = folder.path() / (std::to_string(number++) + " " + one.name);
            std::filesystem::create_directories(place);
            const Single single(one);
            formats::writeOnnx(place / "model.onnx", single.graph, {}, {.opset = opset, .metadata = {}});
            write(place / "inputs.safetensors", single.inputs);
            write(place / "outputs.safetensors", single.run());
        }
        QVERIFY(number > 20);
        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_COMPARE, QString::fromStdString(folder.path().string())});
        QVERIFY(python.waitForFinished(240000));
        QVERIFY2(python.exitCode() == 0, python.readAllStandardError() + python.readAllStandardOutput());
    }
};

HEADROOM_TEST(OnnxRuntimeConformance)
#include "tst_onnx_runtime.moc"
