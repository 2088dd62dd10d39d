// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/graph/operator_rows.h"
#include "core/engine/run/node_run.h"
#include "engine/run/segment.h"
#include "support/registry.h"

using namespace headroom;
using test::NodeRun;
using test::OperatorCase;
using test::Plain;

namespace {

/// Largest difference as a share of the largest number (at least 1e-3, so that all-zero references compare).
double distance(const Plain& a, const Plain& b) {
    if (a.shape != b.shape) return INFINITY;
    double largest = 1e-3, difference = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) {
        largest = std::max(largest, std::abs(b.data[i]));
        difference = std::max(difference, std::isfinite(a.data[i]) ? std::abs(a.data[i] - b.data[i]) : INFINITY);
    }
    return difference / largest;
}

std::vector<Plain> gradientsFor(const std::vector<Plain>& outputs) {
    std::vector<Plain> gradients;
    for (std::size_t k = 0; k < outputs.size(); ++k) gradients.push_back(test::numbers(outputs[k].shape, 40 + k));
    return gradients;
}

/// Sum of the outputs, weighted with the gradients that the backward gets.
double weighted(const std::vector<Plain>& outputs, const std::vector<Plain>& weights) {
    double sum = 0;
    for (std::size_t k = 0; k < outputs.size(); ++k)
        for (std::size_t i = 0; i < outputs[k].data.size(); ++i) sum += outputs[k].data[i] * weights[k].data[i];
    return sum;
}

const OperatorCase& caseNamed(const QString& name) {
    static const std::vector<OperatorCase> cases = test::operatorCases();
    return *std::ranges::find(cases, name.toStdString(), &OperatorCase::name);
}

void rows() {
    QTest::addColumn<QString>("name");
    for (const OperatorCase& one : test::operatorCases()) QTest::newRow(one.name.c_str()) << QString::fromStdString(one.name);
}

/// In type T: outputs against the plain loops, gradients against those in double precision.
void compareWithReference(const OperatorCase& one, at::ScalarType type, double outputs, double gradients) {
    NodeRun run(one, type), wide(one, at::kDouble);
    const std::vector<Plain> expected = one.reference(one.inputs), found = run.forward(one.inputs);
    wide.forward(one.inputs);
    QVERIFY2(run.extrasAreAsPromised(), "what forward saves differs from the operator's entry");
    for (std::size_t k = 0; k < expected.size(); ++k) {
        const double d = distance(found[k], expected[k]);
        QVERIFY2(d <= outputs, qPrintable(QString("output %1 differs by %2").arg(k).arg(d)));
    }
    const std::vector<Plain> weights = gradientsFor(expected);
    const std::vector<Plain> here = run.backward(weights), reference = wide.backward(weights);
    for (std::size_t i = 0; i < here.size(); ++i) {
        const double d = distance(here[i], reference[i]);
        QVERIFY2(d <= gradients, qPrintable(QString("gradient %1 differs by %2").arg(i).arg(d)));
    }
}

}  // namespace

class OperatorKernels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void everyOperatorHasAKernelAndACase() {
        std::set<const graph::OpEntry*> tested;
        for (const OperatorCase& one : test::operatorCases()) tested.insert(one.op);
        for (const test::OperatorRow& row : test::operatorRows()) tested.insert(test::entryOf(row));
        for (const graph::OpEntry* op : graph::allOps()) {
            QCOMPARE(run::kernel(*op).op, op);
            QVERIFY2(tested.contains(op), op->name.data());
        }
    }

    void inDoublePrecisionTheyEqualThePlainLoops_data() { rows(); }
    void inDoublePrecisionTheyEqualThePlainLoops() {
        QFETCH(QString, name);
        // Sums of a few hundred terms in double precision.
        compareWithReference(caseNamed(name), at::kDouble, 1e-12, 1e-12);
    }

    void gradientsEqualFiniteDifferences_data() { rows(); }
    void gradientsEqualFiniteDifferences() {
        QFETCH(QString, name);
        const OperatorCase& one = caseNamed(name);
        NodeRun run(one, at::kDouble);
        const std::vector<Plain> weights = gradientsFor(run.forward(one.inputs));
        const std::vector<Plain> gradients = run.backward(weights);
        // Central differences err by h^2 times the third derivative: 1e-10 here, and 1e-16 / h from rounding.
        constexpr double kStep = 1e-5;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            if (!run.isDifferentiable(i)) continue;
            for (std::size_t at = 0; at < gradients[i].data.size(); at += 1 + gradients[i].data.size() / 23) {
                std::vector<Plain> moved = one.inputs;
                moved[i].data[at] += kStep;
                const double above = weighted(run.forward(moved), weights);
                moved[i].data[at] -= 2 * kStep;
                const double below = weighted(run.forward(moved), weights);
                const double expected = (above - below) / (2 * kStep);
                QVERIFY2(std::abs(gradients[i].data[at] - expected) < 1e-7 * std::max(1.0, std::abs(expected)),
                         qPrintable(QString("input %1 at %2: %3 against %4").arg(i).arg(at).arg(gradients[i].data[at]).arg(expected)));
            }
        }
    }

    void inSinglePrecisionTheyAgreeWithDouble_data() { rows(); }
    void inSinglePrecisionTheyAgreeWithDouble() {
        QFETCH(QString, name);
        // 2^-24 a rounding, some hundred roundings, and GELU's error function is good to 1.5e-7.
        compareWithReference(caseNamed(name), at::kFloat, 5e-6, 2e-5);
    }

    void inBf16TheyAgreeWithDouble_data() { rows(); }
    void inBf16TheyAgreeWithDouble() {
        QFETCH(QString, name);
        OperatorCase one = caseNamed(name);
        // Inputs that bf16 holds exactly, so that only the operator's own roundings count: 2^-9 each.
        for (std::size_t i = 0; i < one.inputs.size(); ++i) {
            if (std::ranges::count(one.constants, i) || std::ranges::count(one.integers, i)) continue;
            for (double& v : one.inputs[i].data) v = static_cast<double>(static_cast<float>(c10::BFloat16(static_cast<float>(v))));
        }
        compareWithReference(one, at::kBFloat16, 0.01, 0.03);
    }

    void aKernelWithoutABackwardRunsAsAnAutogradSegment() {
        const OperatorCase& one = caseNamed("Gelu");
        NodeRun run(one, at::kDouble);
        const std::vector<Plain> weights = gradientsFor(run.forward(one.inputs));
        const std::vector<Plain> expected = run.backward(weights);
        const run::Kernel bare{one.op, run::kernel(*one.op).forward, nullptr};
        NodeRun again(one, at::kDouble);
        again.forward(one.inputs);
        QVERIFY(distance(again.backwardOf(bare, weights)[0], expected[0]) < 1e-12);
    }

    void sumsDoNotDependOnTheNumberOfThreads_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"BatchNormRelu", "LayerNormalization", "Gather", "LinearCrossEntropy, in chunks"}) QTest::newRow(name) << QString(name);
    }
    void sumsDoNotDependOnTheNumberOfThreads() {
        QFETCH(QString, name);
        OperatorCase one = caseNamed(name);
        if (name == "BatchNormRelu") one.inputs[0] = test::numbers({64, 16, 16, 16}, 1);
        if (name == "LayerNormalization") one.inputs[0] = test::numbers({16, 64, 35}, 1);
        std::vector<Plain> first;
        for (const int threads : {1, 2, 3}) {
            at::set_num_threads(threads);
            NodeRun run(one, at::kFloat);
            std::vector<Plain> results = run.forward(one.inputs);
            for (Plain& gradient : run.backward(gradientsFor(results))) results.push_back(gradient);
            if (threads == 1) first = results;
            for (std::size_t i = 0; i < results.size(); ++i) QVERIFY(results[i].data == first[i].data);
        }
        at::set_num_threads(1);
    }
};

HEADROOM_TEST(OperatorKernels)
#include "tst_operators.moc"
