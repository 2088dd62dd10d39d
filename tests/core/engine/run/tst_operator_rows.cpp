// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/plan/program.h"
#include "core/base/graph/operator_rows.h"
#include "core/engine/run/reference.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"

using namespace headroom;
using test::OperatorRow;

namespace {

/// Numbers of the operators' plain cases, in a type of ours.
at::Tensor numbers(const std::vector<std::int64_t>& shape, std::uint64_t seed, at::ScalarType type) {
    const test::Plain plain = test::numbers(shape, seed);
    return tensor::inLayout(tensor::fromBytes(graph::DType::F64, shape, std::as_bytes(std::span(plain.data))).to(type));
}

/// An operator alone in a graph, its floating inputs parameters; its first output (of optional ones all), where it is floating, times fixed weights,
/// so that the gradients of the graph are those of one number.
class RowRun {
public:
    RowRun(const OperatorRow& row, graph::DType type) : m_type(type) {
        std::vector<graph::ValueId> inputs;
        for (std::size_t i = 0; i < row.inputs.size(); ++i) inputs.push_back(add(row.inputs[i], i));
        while (!inputs.empty() && inputs.back() == graph::kNone) inputs.pop_back();
        const std::vector<graph::ValueId> made = m_graph.addNode(*test::entryOf(row), "node", inputs, row.attributes, {}, row.outputs);
        m_isReal = m_graph.value(made.front()).type.dtype == type;
        m_graph.setOutputs({made.front()});
        if (!m_isReal) return;
        m_graph.setOutputs({row.outputs > 1 ? weightedSum(made) : weighted(made.front(), 0)});
    }

    bool isDifferentiable() const { return m_isReal && m_graph.nodes().front().op->differentiable && !m_real.empty(); }
    bool isReal() const { return m_isReal; }
    const std::vector<graph::ValueId>& realInputs() const { return m_real; }
    at::Tensor& input(graph::ValueId id) { return m_tensors.values[static_cast<std::size_t>(id)]; }
    const at::Tensor& gradient(graph::ValueId id) const { return m_tensors.gradients[static_cast<std::size_t>(id)]; }

    at::Tensor run(plan::Mode mode, plan::Precision precision = plan::Precision::Fp32) {
        plan::LowerOptions options;
        options.mode = mode;
        options.precision = precision;
        m_tensors.values.resize(m_graph.values().size());
        m_tensors.gradients.clear();
        std::vector<at::Tensor> given = m_given;
        if (precision == plan::Precision::Bf16)
            for (at::Tensor& each : given) each = each.to(at::kBFloat16);
        run::Executor executor(m_graph);
        return executor.run(plan::lower(m_graph, options), m_tensors, given, {}).front();
    }
    double sum() { return run(plan::Mode::Inference).to(at::kDouble).sum().item<double>(); }

private:
    graph::ValueId node(const char* op, const std::string& name, std::vector<graph::ValueId> inputs, graph::Attributes attributes = {}) {
        return m_graph.addNode(*graph::findOp(op), name, std::move(inputs), std::move(attributes)).front();
    }
    graph::ValueId weighted(graph::ValueId output, std::size_t number) {
        const graph::TensorType type = m_graph.value(output).type;
        m_given.push_back(numbers(graph::resolved(type.shape, {}), 77 + number, tensor::scalarType(m_type)));
        return node("Mul", fmt::format("weighted{}", number), {output, m_graph.addInput(fmt::format("weights{}", number), type)});
    }
    graph::ValueId weightedSum(const std::vector<graph::ValueId>& outputs) {
        std::vector<graph::ValueId> sums;
        for (std::size_t k = 0; k < outputs.size(); ++k) sums.push_back(node("ReduceSum", fmt::format("sum{}", k), {weighted(outputs[k], k)}, {{"keepdims", std::int64_t{0}}}));
        return node("Sum", "all", sums);
    }
    graph::ValueId add(const std::string& text, std::size_t index) {
        if (text.empty()) return graph::kNone;
        const std::string name = "input" + std::to_string(index);
        if (text[0] == '=') return m_graph.addConstant(name, test::wholeNumbers(text.substr(1)));
        if (text[0] == '#') return m_graph.addConstant(name, {graph::DType::I64, {}}, test::wholeNumbers(text.substr(1)), {});
        if (text[0] == '~') {
            const std::vector<double> content = test::realNumbers(text.substr(1));
            const graph::Shape shape = content.size() == 1 ? graph::Shape{} : graph::fixedShape({std::ssize(content)});
            return m_graph.addConstant(name, {m_type, shape}, {}, content);
        }
        const char kind = text.size() > 1 && text[1] == ':' ? text[0] : ' ';
        const std::vector<std::int64_t> shape = test::wholeNumbers(kind == ' ' ? text : text.substr(2));
        graph::Shape dims;
        for (const std::int64_t extent : shape) dims.push_back(graph::Dim::fixed(extent));
        const at::Tensor between = numbers(shape, index + 1, at::kDouble);
        at::Tensor content = between;
        graph::DType type = m_type;
        if (kind == 'p') content = between * 0.4 + 1.5;
        if (kind == 'i') type = graph::DType::I64, content = between.gt(0);
        if (kind == 'u') type = graph::DType::U8, content = (between * 3 + 3).floor();
        if (kind == 'b') type = graph::DType::Bool, content = between.gt(0);
        const graph::ValueId id = type == m_type ? m_graph.addParameter(name, {type, dims}, {}) : m_graph.addBuffer(name, {type, dims}, {});
        if (type == m_type) m_real.push_back(id);
        m_tensors.values.resize(m_graph.values().size());
        m_tensors.values[static_cast<std::size_t>(id)] = tensor::inLayout(content.to(tensor::scalarType(type)));
        return id;
    }

    graph::DType m_type;
    graph::Graph m_graph;
    run::TensorSet m_tensors;
    std::vector<at::Tensor> m_given;
    std::vector<graph::ValueId> m_real;
    bool m_isReal = false;
};

void rows() {
    QTest::addColumn<int>("row");
    int index = 0;
    for (const OperatorRow& row : test::operatorRows()) {
        // Named dimensions are a matter of shapes alone.
        if (!row.output.empty()) QTest::addRow("%d %s", index, row.op.c_str()) << index;
        ++index;
    }
}

const OperatorRow& fetched(int row) { return test::operatorRows()[static_cast<std::size_t>(row)]; }

double distance(const at::Tensor& found, const at::Tensor& expected) {
    const at::Tensor wide = expected.to(at::kDouble);
    return (found.to(at::kDouble) - wide).abs().max().item<double>() / std::max(1e-3, wide.abs().max().item<double>());
}

}  // namespace

class OperatorRows : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void gradientsEqualFiniteDifferences_data() { rows(); }
    void gradientsEqualFiniteDifferences() { withErrors([this] { gradientsEqualFiniteDifferencesOf(row()); }); }

    void inSinglePrecisionTheyAgreeWithDouble_data() { rows(); }
    void inSinglePrecisionTheyAgreeWithDouble() { withErrors([this] { inSinglePrecisionTheyAgreeWithDoubleOf(row()); }); }

    /// Every operator runs where activations are bf16, and hands on gradients of its parameters' type.
    void inBf16TheyRunForwardAndBackward_data() { rows(); }
    void inBf16TheyRunForwardAndBackward() { withErrors([this] { inBf16TheyRunForwardAndBackwardOf(row()); }); }

private:
    static int row() { return *static_cast<int*>(QTest::qData("row", qMetaTypeId<int>())); }
    /// An Error of a row fails that row alone.
    template <class Check>
    static void withErrors(Check check) {
        try {
            check();
        } catch (const Error& error) {
            QFAIL(error.what());
        }
    }

    void gradientsEqualFiniteDifferencesOf(int row) {
        RowRun run(fetched(row), graph::DType::F64);
        run.run(plan::Mode::Inference);
        if (!run.isDifferentiable()) return;
        run.run(plan::Mode::Training);
        std::vector<at::Tensor> gradients;
        for (const graph::ValueId id : run.realInputs()) gradients.push_back(run.gradient(id));
        // Central differences err by h^2 times the third derivative: 1e-10 here, and 1e-16 / h from rounding.
        constexpr double kStep = 1e-5;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            at::Tensor& input = run.input(run.realInputs()[i]);
            if (!gradients[i].defined()) continue;  // nothing of it reaches the output
            const at::Tensor original = input;
            const std::int64_t stride = 1 + input.numel() / 11;
            for (std::int64_t at = 0; at < input.numel(); at += stride) {
                const auto moved = [&](double by) {
                    at::Tensor flat = original.contiguous().clone().reshape({-1});
                    flat[at] += by;
                    input = tensor::inLayout(flat.reshape(original.sizes()));
                    return run.sum();
                };
                const double expected = (moved(kStep) - moved(-kStep)) / (2 * kStep);
                input = original;
                const double found = gradients[i].contiguous().reshape({-1})[at].item<double>();
                QVERIFY2(std::abs(found - expected) < 1e-6 * std::max(1.0, std::abs(expected)),
                         qPrintable(QString("input %1 at %2: %3 against %4").arg(i).arg(at).arg(found).arg(expected)));
            }
        }
    }

    void inSinglePrecisionTheyAgreeWithDoubleOf(int row) {
        RowRun narrow(fetched(row), graph::DType::F32), wide(fetched(row), graph::DType::F64);
        const at::Tensor expected = wide.run(plan::Mode::Training), found = narrow.run(plan::Mode::Training);
        if (narrow.isReal() != wide.isReal()) return;  // an element type that does not follow the inputs'
        // Whole numbers may be rounded the other way.
        if (!wide.isReal()) {
            QVERIFY((found.to(at::kDouble) - expected.to(at::kDouble)).abs().max().item<double>() <= 1);
            return;
        }
        // 2^-24 a rounding, some hundred roundings.
        QVERIFY(distance(found, expected) < 1e-5);
        if (!wide.isDifferentiable()) return;
        for (std::size_t i = 0; i < wide.realInputs().size(); ++i) {
            const at::Tensor& gradient = wide.gradient(wide.realInputs()[i]);
            if (gradient.defined()) QVERIFY(distance(narrow.gradient(narrow.realInputs()[i]), gradient) < 1e-4);
        }
    }

    void inBf16TheyRunForwardAndBackwardOf(int row) {
        RowRun run(fetched(row), graph::DType::F32);
        run.run(plan::Mode::Training, plan::Precision::Bf16);
        if (!run.isDifferentiable()) return;
        for (const graph::ValueId id : run.realInputs())
            if (run.gradient(id).defined()) QCOMPARE(run.gradient(id).scalar_type(), at::kFloat);
    }
};

HEADROOM_TEST(OperatorRows)
#include "tst_operator_rows.moc"
