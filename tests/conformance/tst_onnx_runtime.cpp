// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <map>

#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/regularization.h"
#include "base/plan/program.h"
#include "base/errors/error.h"
#include "conformance/onnx_run.h"
#include "core/base/graph/operator_rows.h"
#include "core/engine/run/reference.h"
#include "engine/formats/onnx_writer.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using test::Named;
using test::OperatorCase;

namespace {

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

    explicit Single(const test::OperatorRow& row) {
        std::vector<graph::ValueId> ids;
        for (std::size_t i = 0; i < row.inputs.size(); ++i) {
            ids.push_back(test::addRowInput(graph, row.inputs[i], i));
            if (ids.back() == graph::kNone || graph.value(ids.back()).kind != graph::ValueKind::Input) continue;
            const graph::Value& value = graph.value(ids.back());
            const test::Plain plain = test::numbers(graph::resolved(value.type.shape, {}), i + 1);
            at::Tensor content = tensorOf(plain, false);
            if (row.inputs[i].starts_with("p:")) content = content * 0.4 + 1.5;
            if (value.type.dtype == graph::DType::U8) content = (content * 3 + 3).floor();
            if (value.type.dtype == graph::DType::I64 || value.type.dtype == graph::DType::Bool) content = content.gt(0);
            inputs.push_back({value.name, tensor::inLayout(content.to(tensor::scalarType(value.type.dtype)))});
        }
        while (!ids.empty() && ids.back() == graph::kNone) ids.pop_back();
        graph.setOutputs(graph.addNode(*test::entryOf(row), "node", ids, row.attributes, {}, row.outputs));
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

/// Attention behind a cache without present outputs: the standard leaves them out at will, ONNX Runtime's kernel refuses that.
bool isRefused(const test::OperatorRow& row) { return row.op == "Attention" && row.inputs.size() > 4 && row.outputs < 2; }

/// False where the opset has no such operator.
bool writes(const std::filesystem::path& path, const graph::Graph& graph, int opset) {
    std::filesystem::create_directories(path.parent_path());
    try {
        formats::writeOnnx(path, graph, {}, {.opset = opset, .metadata = {}});
        return true;
    } catch (const Error& error) {
        if (error.code() != Code::Exp01) throw;
        std::error_code ignored;  // other files may be in it
        std::filesystem::remove(path.parent_path(), ignored);
        return false;
    }
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
            test::writeTensors(place / "inputs.safetensors", single.inputs);
            test::writeTensors(place / "outputs.safetensors", single.run());
        }
        for (const test::OperatorRow& row : test::operatorRows()) {
            if (row.output.empty() || isRefused(row)) continue;
            const auto place = folder.path() / (std::to_string(number++) + " " + row.op);
            const Single single(row);
            if (!writes(place / "model.onnx", single.graph, opset)) continue;
            test::writeTensors(place / "inputs.safetensors", single.inputs);
            test::writeTensors(place / "outputs.safetensors", single.run());
        }
        QVERIFY(number > 20);
        const test::Comparison compared = test::compareInOnnxRuntime(folder.path());
        QVERIFY2(compared.agrees, compared.report.c_str());
    }

    /// Every rule of the writer against the reader's: what was written for an opset is read again and computes the same.
    void whatIsWrittenIsReadAgainAndComputesTheSame_data() { everyOperatorComputesWhatOnnxRuntimeComputes_data(); }
    void whatIsWrittenIsReadAgainAndComputesTheSame() {
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        int read = 0;
        QStringList wrong;
        for (const test::OperatorRow& row : test::operatorRows()) {
            if (row.output.empty()) continue;
            const Single single(row);
            if (!writes(folder.path() / "model.onnx", single.graph, opset)) continue;
            formats::OnnxReadOptions asWritten;
            asWritten.freesBatch = false;
            const formats::OnnxModel model = formats::readOnnx(folder.path() / "model.onnx", asWritten);
            std::map<std::string, at::Tensor> inputs;
            for (const Named& input : single.inputs) inputs[input.name] = input.tensor;
            const std::vector<at::Tensor> again = test::outputsOf(model, inputs);
            const std::vector<Named> once = single.run();
            for (std::size_t k = 0; k < once.size(); ++k) {
                const at::Tensor a = again[k].to(at::kDouble), b = once[k].tensor.to(at::kDouble);
                if (a.sizes() != b.sizes() || (a.numel() > 0 && (a - b).abs().max().item<double>() > 2e-5 * std::max(1e-3, b.abs().max().item<double>()))) wrong << QString::fromStdString(row.op);
            }
            ++read;
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(", ")));
        QVERIFY(read > 100);
    }
};

HEADROOM_TEST(OnnxRuntimeConformance)
#include "tst_onnx_runtime.moc"
