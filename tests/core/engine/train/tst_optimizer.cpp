// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "base/errors/error.h"
#include "engine/tensor/memory.h"
#include "engine/train/ema.h"
#include "engine/train/gradients.h"
#include "engine/train/optimizer.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::train;
using Options = config::RunConfig::Optimizer;

namespace {

at::Tensor numbers(std::vector<float> values) {
    at::Tensor tensor = at::empty({std::int64_t(values.size())}, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    return tensor;
}

/// A weight that decays and a bias that does not, three steps with gradients that change.
std::vector<double> trained(const Options& options) {
    std::vector<Parameter> parameters{{"w", numbers({1.0F, -2.0F}), true}, {"b", numbers({0.5F}), false}};
    const auto optimizer = makeOptimizer(options, parameters);
    for (int step = 1; step <= 3; ++step)
        optimizer->step({numbers({0.1F * float(step), -0.3F}), numbers({0.2F / float(step)})}, options.lr);
    return {parameters[0].value[0].item<double>(), parameters[0].value[1].item<double>(), parameters[1].value[0].item<double>()};
}

/// The same by the textbook, in double.
class Naive {
public:
    explicit Naive(const Options& options) : m_options(options) {}
    std::vector<double> run() {
        std::vector<double> values{1, -2, 0.5}, first(3), second(3);
        for (int step = 1; step <= 3; ++step) {
            const double gradients[] = {0.1 * step, -0.3, 0.2 / step};
            for (std::size_t i = 0; i < 3; ++i) {
                const double decay = i < 2 ? m_options.weightDecay : 0;
                if (m_options.name == "adamw")
                    adamw(values[i], first[i], second[i], gradients[i], decay, step);
                else
                    sgd(values[i], first[i], gradients[i], decay);
            }
        }
        return values;
    }

private:
    void adamw(double& value, double& m, double& v, double g, double decay, int step) const {
        value -= m_options.lr * decay * value;
        m = m_options.beta1 * m + (1 - m_options.beta1) * g;
        v = m_options.beta2 * v + (1 - m_options.beta2) * g * g;
        const double mHat = m / (1 - std::pow(m_options.beta1, step)), vHat = v / (1 - std::pow(m_options.beta2, step));
        value -= m_options.lr * mHat / (std::sqrt(vHat) + m_options.eps);
    }
    void sgd(double& value, double& momentum, double g, double decay) const {
        g += decay * value;
        momentum = m_options.momentum * momentum + g;
        value -= m_options.lr * (m_options.nesterov ? g + m_options.momentum * momentum : momentum);
    }
    Options m_options;
};

}  // namespace

class OptimizerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stepsAreThoseOfTheTextbook_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("decay");
        QTest::addColumn<double>("momentum");
        QTest::addColumn<bool>("nesterov");
        QTest::newRow("adamw") << "adamw" << 0.0 << 0.0 << false;
        QTest::newRow("adamw with decay") << "adamw" << 0.1 << 0.0 << false;
        QTest::newRow("sgd") << "sgd" << 0.0 << 0.0 << false;
        QTest::newRow("sgd with decay") << "sgd" << 0.1 << 0.0 << false;
        QTest::newRow("momentum") << "sgd" << 0.1 << 0.9 << false;
        QTest::newRow("nesterov") << "sgd" << 0.0 << 0.9 << true;
    }
    void theOwnLoopsTakeTheSameSteps_data() { stepsAreThoseOfTheTextbook_data(); }
    /// Tensors this small keep fp32 state in the own loops, too: the rules are compared, not the roundings.
    void theOwnLoopsTakeTheSameSteps() {
        QFETCH(QString, name);
        QFETCH(double, decay);
        QFETCH(double, momentum);
        QFETCH(bool, nesterov);
        const Options options{.name = name.toStdString(), .lr = 0.05, .weightDecay = decay, .momentum = momentum, .nesterov = nesterov, .state = "8bit"};
        const auto found = trained(options), wanted = Naive(options).run();
        for (std::size_t i = 0; i < 3; ++i)
            QVERIFY2(std::abs(found[i] - wanted[i]) < 3e-6, qPrintable(QString("%1: %2, wanted %3").arg(i).arg(found[i]).arg(wanted[i])));
    }
    void stepsAreThoseOfTheTextbook() {
        QFETCH(QString, name);
        QFETCH(double, decay);
        QFETCH(double, momentum);
        QFETCH(bool, nesterov);
        const Options options{.name = name.toStdString(), .lr = 0.05, .weightDecay = decay, .momentum = momentum, .nesterov = nesterov};
        const auto found = trained(options), wanted = Naive(options).run();
        for (std::size_t i = 0; i < 3; ++i)
            QVERIFY2(std::abs(found[i] - wanted[i]) < 3e-6, qPrintable(QString("%1: %2, wanted %3").arg(i).arg(found[i]).arg(wanted[i])));
    }
    void gradientsOfAnotherLayoutAreCopied() {
        at::Tensor kernel = at::zeros({2, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
        at::Tensor gradient = at::empty({2, 3, 2, 2});
        for (int i = 0; i < 24; ++i) gradient.data_ptr<float>()[i] = float(i);
        const auto optimizer = makeOptimizer({.name = "sgd", .lr = 1, .weightDecay = 0, .momentum = 0}, {{"k", kernel, true}});
        optimizer->step({gradient}, 1);
        QVERIFY(at::allclose(kernel, -gradient));
    }
    void allStateIsThereBeforeTheFirstStep_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("momentum");
        QTest::addColumn<int>("tensors");
        QTest::newRow("adamw") << "adamw" << 0.9 << 3;
        QTest::newRow("momentum") << "sgd" << 0.9 << 1;
        QTest::newRow("plain sgd") << "sgd" << 0.0 << 0;
    }
    void allStateIsThereBeforeTheFirstStep() {
        QFETCH(QString, name);
        QFETCH(double, momentum);
        QFETCH(int, tensors);
        const auto optimizer = makeOptimizer({.name = name.toStdString(), .momentum = momentum}, {{"w", numbers({1}), true}});
        QCOMPARE(int(optimizer->state().size()), tensors);
        for (const auto& state : optimizer->state()) QVERIFY(state.tensor.defined());
    }
    void anUnknownOptimizerIsRefused() { QVERIFY_EXCEPTION_THROWN(makeOptimizer({.name = "magic"}, {}), Error); }

    void theNormIsThatOfAllGradientsTogether() {
        const std::vector<at::Tensor> gradients{numbers({3, 0}), numbers({0, 4})};
        QCOMPARE(globalNorm(gradients).item<float>(), 5.0F);
    }
    void clippingScalesAllGradientsAlike() {
        const std::vector<at::Tensor> gradients{numbers({3, 0}), numbers({0, 4})};
        clip(gradients, globalNorm(gradients), 1);
        QVERIFY(std::abs(gradients[0][0].item<float>() - 0.6F) < 1e-6F);
        QVERIFY(std::abs(gradients[1][1].item<float>() - 0.8F) < 1e-6F);
    }
    void smallGradientsAreNotClipped() {
        const std::vector<at::Tensor> gradients{numbers({3, 0}), numbers({0, 4})};
        clip(gradients, globalNorm(gradients), 5.1);
        QCOMPARE(gradients[0][0].item<float>(), 3.0F);
    }

    void clippingThatRunsOutOfMemoryHasChangedNothing() {
        tensor::installAllocator();
        const std::vector<at::Tensor> gradients{numbers({3, 0}), numbers({0, 4}).to(at::kBFloat16)};
        const at::Tensor norm = globalNorm(gradients);
        QCOMPARE(norm.item<float>(), 5.0F);
        bool fired = true;
        for (std::int64_t at = 1; fired; ++at) {
            QCOMPARE(gradients[0][0].item<float>(), 3.0F);
            QCOMPARE(gradients[1][1].item<float>(), 4.0F);
            tensor::injectAllocationFault(at, tensor::FaultMode::Once);
            try {
                clip(gradients, norm, 1);
            } catch (const c10::OutOfMemoryError&) {
            }
            fired = tensor::allocationFaultFired();
            tensor::injectAllocationFault(0, tensor::FaultMode::Once);
        }
        QVERIFY(std::abs(gradients[0][0].item<float>() - 0.6F) < 1e-6F);
        QVERIFY(std::abs(gradients[1][1].item<float>() - 0.8F) < 2e-3F);
    }
    void averagingAllocatesNothing() {
        tensor::installAllocator();
        const at::Tensor weight = at::full({40, 50}, 1.0), buffer = numbers({10});
        Ema ema({weight}, {buffer}, 0.9);
        const std::uint64_t before = tensor::memoryCounts().allocations;
        for (int n = 0; n < 3; ++n) ema.update();
        QCOMPARE(tensor::memoryCounts().allocations, before);
    }

    void averagesFollowTheFormula() {
        const at::Tensor weight = numbers({0}), buffer = numbers({10});
        Ema ema({weight}, {buffer}, 0.9);
        double wanted = 0;
        for (int n = 0; n < 200; ++n) {
            weight.fill_(n);
            ema.update();
            const double decay = std::min(0.9, (1.0 + n) / (10.0 + n));
            wanted = decay * wanted + (1 - decay) * n;
        }
        QVERIFY(std::abs(ema.averages()[0].item<double>() - wanted) < 1e-3);
        QCOMPARE(ema.averages()[1].item<float>(), 10.0F);
        QCOMPARE(ema.updates(), 200);
    }
    void averagingLeavesTheWeightsAlone() {
        const at::Tensor weight = numbers({1});
        Ema ema({weight}, {}, 0.5);
        weight.fill_(3);
        ema.update();
        QCOMPARE(weight.item<float>(), 3.0F);
    }
};

HEADROOM_TEST(OptimizerTest)
#include "tst_optimizer.moc"
