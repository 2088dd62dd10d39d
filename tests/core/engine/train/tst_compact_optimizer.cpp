// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/plan/optimizer_state.h"
#include "engine/data/random.h"
#include "engine/run/simd/simd.h"
#include "base/process/high_water.h"
#include "engine/tensor/memory.h"
#include "engine/train/optimizer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::train;
using run::simd::BFloat;
using run::simd::Levels;
using Options = config::RunConfig::Optimizer;

namespace {

const run::simd::UpdateLoops& loops() { return run::simd::tables().update; }

std::vector<float> levels(Levels kind) {
    std::vector<std::uint8_t> codes(256);
    std::iota(codes.begin(), codes.end(), std::uint8_t{0});
    std::vector<float> levels(256);
    loops().decode(codes.data(), 1, levels.data(), 256, kind);
    return levels;
}

/// In [-1, 1), a function of seed and place.
double uniform(std::uint64_t seed, std::int64_t i) {
    return static_cast<double>(data::draw(seed, data::Stream::Shuffle, i) >> 11) * 0x1.0p-52 - 1;
}

/// Of all magnitudes from 1e-8 to 1, the last one 1.
std::vector<float> wideNumbers(std::int64_t count, Levels kind) {
    std::vector<float> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
        const double size = std::pow(10.0, -4 + 4 * uniform(1, i));
        numbers.push_back(static_cast<float>(kind == Levels::Signed && uniform(2, i) < 0 ? -size : size));
    }
    numbers.back() = 1;
    return numbers;
}

std::vector<float> roundTrip(const std::vector<float>& numbers, Levels kind, float* scale = nullptr, run::simd::Draw draw = {0, 1, 3}) {
    const auto count = static_cast<std::int64_t>(numbers.size());
    std::vector<std::uint8_t> codes(numbers.size());
    const float found = loops().encode(numbers.data(), codes.data(), count, kind, draw);
    std::vector<float> back(numbers.size());
    loops().decode(codes.data(), found, back.data(), count, kind);
    if (scale) *scale = found;
    return back;
}

float toFloat(BFloat bits) {
    const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
    float number;
    std::memcpy(&number, &wide, sizeof number);
    return number;
}

std::vector<BFloat> rounded(const std::vector<float>& numbers, std::uint64_t step, std::uint64_t key, std::uint64_t first = 0) {
    std::vector<BFloat> to(numbers.size());
    loops().roundStochastically(numbers.data(), to.data(), static_cast<std::int64_t>(numbers.size()), {first, step, key});
    return to;
}

at::Tensor made(std::vector<std::int64_t> shape, std::uint64_t seed, at::ScalarType type = at::kFloat) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<float>()[i] = static_cast<float>(uniform(seed, i));
    return tensor.to(type);
}

constexpr std::int64_t kRows = 256, kInputs = 64, kOutputs = 32;

/// Least squares of a matrix of 2048 weights with whole batches; the loss after `steps`.
double leastSquares(const Options& options, at::ScalarType weights = at::kFloat, int steps = 300) {
    const at::Tensor x = made({kRows, kInputs}, 1), truth = made({kInputs, kOutputs}, 2), noise = made({kRows, kOutputs}, 3);
    const at::Tensor y = x.mm(truth).add(noise, 0.5);
    const at::Tensor w = at::zeros({kInputs, kOutputs}).to(weights);
    const auto optimizer = makeOptimizer(options, {{"w", w, true}}, 7);
    const auto error = [&] { return x.mm(w.to(at::kFloat)).sub(y); };
    for (int step = 0; step < steps; ++step)
        optimizer->step({x.t().mm(error()).div(kRows).to(weights)}, options.lr * (1 - static_cast<double>(step) / steps));
    return error().pow(2).mean().item<double>();
}

}  // namespace

class CompactOptimizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }
    void cleanup() { at::set_num_threads(1); }

    void mapsHave256RisingLevels_data() {
        QTest::addColumn<bool>("isSigned");
        QTest::newRow("signed") << true;
        QTest::newRow("unsigned") << false;
    }
    void mapsHave256RisingLevels() {
        QFETCH(bool, isSigned);
        const std::vector<float> all = levels(isSigned ? Levels::Signed : Levels::Unsigned);
        QVERIFY(std::ranges::adjacent_find(all, std::greater_equal<>()) == all.end());
        QCOMPARE(all[isSigned ? 127 : 0], 0.0F);
        QCOMPARE(all[255], 1.0F);
        if (!isSigned) return;
        for (std::size_t k = 1; k < 128; ++k) QCOMPARE(all[127 - k], -all[127 + k]);
    }

    void everyNumberBecomesOneOfTheLevelsAroundIt_data() { mapsHave256RisingLevels_data(); }
    void everyNumberBecomesOneOfTheLevelsAroundIt() {
        QFETCH(bool, isSigned);
        const Levels kind = isSigned ? Levels::Signed : Levels::Unsigned;
        const std::vector<float> all = levels(kind), numbers = wideNumbers(4096, kind), back = roundTrip(numbers, kind);
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const auto upper = std::ranges::upper_bound(all, numbers[i]), lower = upper - (upper == all.begin() ? 0 : 1);
            const bool keptAboveZero = !isSigned && numbers[i] < all[1];
            QVERIFY2(keptAboveZero ? back[i] == all[1] : back[i] == *lower || (upper != all.end() && back[i] == *upper),
                     qPrintable(QString("%1 -> %2").arg(numbers[i]).arg(back[i])));
        }
    }
    void everyLevelIsKept_data() { mapsHave256RisingLevels_data(); }
    void everyLevelIsKept() {
        QFETCH(bool, isSigned);
        const std::vector<float> all = levels(isSigned ? Levels::Signed : Levels::Unsigned), back = roundTrip(all, isSigned ? Levels::Signed : Levels::Unsigned);
        QVERIFY(std::ranges::equal(back, all));
    }
    /// Between the levels of a decade, between two decades, below 1 and, with a sign, around 0.
    void theMeanOfManyRoundingsIsTheNumber_data() { mapsHave256RisingLevels_data(); }
    void theMeanOfManyRoundingsIsTheNumber() {
        QFETCH(bool, isSigned);
        const Levels kind = isSigned ? Levels::Signed : Levels::Unsigned;
        const std::vector<float> all = levels(kind);
        constexpr int kSteps = 8000;
        for (const int code : {isSigned ? 127 : 1, 129, 158, 160, 200, 253, 254}) {
            const double low = all[static_cast<std::size_t>(code)], gap = all[static_cast<std::size_t>(code) + 1] - low;
            std::vector<float> numbers{1};
            for (const double share : {0.1, 0.5, 0.93}) numbers.push_back(static_cast<float>(low + share * gap));
            std::vector<double> sums(numbers.size());
            for (int step = 0; step < kSteps; ++step) {
                const std::vector<float> back = roundTrip(numbers, kind, nullptr, {0, static_cast<std::uint64_t>(step), 3});
                for (std::size_t i = 0; i < back.size(); ++i) sums[i] += back[i];
            }
            for (std::size_t i = 0; i < numbers.size(); ++i)
                QVERIFY2(std::abs(sums[i] / kSteps - numbers[i]) <= 4 * 0.5 * gap / std::sqrt(kSteps), qPrintable(QString("%1: %2").arg(numbers[i]).arg(sums[i] / kSteps)));
        }
    }

    /// The widest gaps: 0.9/64 and 0.9/128 in the upper decade, and half as much again in the proportion of a decade's ends.
    void aRoundTripErrsByLessThanAGap_data() { mapsHave256RisingLevels_data(); }
    void aRoundTripErrsByLessThanAGap() {
        QFETCH(bool, isSigned);
        const Levels kind = isSigned ? Levels::Signed : Levels::Unsigned;
        const double gap = 0.9 / (isSigned ? 64 : 128);
        std::vector<float> numbers = wideNumbers(4096, kind);
        for (float& number : numbers) number *= 3e-5F;
        float scale = 0;
        const std::vector<float> back = roundTrip(numbers, kind, &scale);
        QCOMPARE(scale, 3e-5F);
        double worst = 0;
        for (std::size_t i = 0; i < numbers.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(back[i]) - numbers[i]) / scale);
        qInfo("largest error %.5f of the block's largest number", worst);
        QVERIFY(worst <= gap * 1.001);
    }

    void aBlockOfZerosStaysOne() {
        float scale = 1;
        for (const float number : roundTrip(std::vector<float>(256, 0.0F), Levels::Signed, &scale)) QCOMPARE(number, 0.0F);
        QCOMPARE(scale, 0.0F);
    }
    void aBrokenNumberBreaksItsBlockVisibly_data() {
        QTest::addColumn<float>("number");
        QTest::newRow("NaN") << std::numeric_limits<float>::quiet_NaN();
        QTest::newRow("infinity") << std::numeric_limits<float>::infinity();
    }
    void aBrokenNumberBreaksItsBlockVisibly() {
        QFETCH(float, number);
        for (const std::size_t place : {0, 100, 255}) {
            std::vector<float> numbers(256, 1.0F);
            numbers[place] = number;
            QVERIFY(!std::isfinite(roundTrip(numbers, Levels::Signed)[place]));
            QVERIFY(!std::isfinite(roundTrip(numbers, Levels::Unsigned)[place]));
        }
    }

    void randomRoundingTakesANeighbourAndIsUnbiased() {
        const float low = 1, gap = 0.0078125F;  // bf16 has seven bits behind the point
        for (const double share : {0.0, 0.1, 0.5, 0.93}) {
            const std::vector<float> numbers(256, low + static_cast<float>(share) * gap);
            double sum = 0;
            constexpr int kSteps = 400;
            for (int step = 0; step < kSteps; ++step)
                for (const BFloat bits : rounded(numbers, static_cast<std::uint64_t>(step), 3)) {
                    const float to = toFloat(bits);
                    QVERIFY(to == low || (to == low + gap && share > 0));
                    sum += (to - low) / gap;
                }
            constexpr double kDraws = 256.0 * kSteps;
            // Four standard deviations of a mean of that many coins, and the 16 bits that a share is known to.
            const double tolerance = 4 * std::sqrt(share * (1 - share) / kDraws) + 2e-5;
            QVERIFY2(std::abs(sum / kDraws - share) <= tolerance, qPrintable(QString("%1: %2").arg(share).arg(sum / kDraws)));
        }
    }
    void randomRoundingIsAFunctionOfKeyStepAndPlace() {
        const std::vector<float> wide = wideNumbers(500, Levels::Signed);
        const auto coded = [&](std::uint64_t step, std::uint64_t key) { return roundTrip(wide, Levels::Signed, nullptr, {0, step, key}); };
        QVERIFY(coded(9, 5) == coded(9, 5));
        QVERIFY(coded(9, 5) != coded(10, 5));
        QVERIFY(coded(9, 5) != coded(9, 6));

        std::vector<float> numbers;
        for (std::int64_t i = 0; i < 500; ++i) numbers.push_back(static_cast<float>(uniform(4, i)));
        const std::vector<BFloat> whole = rounded(numbers, 9, 5);
        const std::vector<float> rest(numbers.begin() + 192, numbers.end());
        QVERIFY(std::ranges::equal(rounded(rest, 9, 5, 192), std::span(whole).subspan(192)));
        QVERIFY(rounded(numbers, 9, 5) == whole);
        QVERIFY(rounded(numbers, 10, 5) != whole);
        QVERIFY(rounded(numbers, 9, 6) != whole);
    }
    void randomRoundingKeepsWhatIsNotFinite() {
        const float infinity = std::numeric_limits<float>::infinity();
        const std::vector<BFloat> to = rounded({infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}, 1, 1);
        QCOMPARE(toFloat(to[0]), infinity);
        QCOMPARE(toFloat(to[1]), -infinity);
        QVERIFY(std::isnan(toFloat(to[2])));
    }

    void theResultDoesNotDependOnTheThreads_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("state");
        QTest::addColumn<bool>("lowWeights");
        for (const char* name : {"adamw", "sgd"})
            for (const char* state : {"fp32", "bf16", "8bit"})
                for (const bool low : {false, true})
                    QTest::addRow("%s, %s state, %s weights", name, state, low ? "bf16" : "fp32") << name << state << low;
    }
    void theResultDoesNotDependOnTheThreads() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        const Options options{.name = name.toStdString(), .lr = 0.01, .state = state.toStdString()};
        const auto trained = [&](int threads, std::uint64_t seed) {
            at::set_num_threads(threads);
            const at::ScalarType type = lowWeights ? at::kBFloat16 : at::kFloat;
            const at::Tensor w = made({130, 111}, 1, type), b = made({70}, 2);
            const auto optimizer = makeOptimizer(options, {{"w", w, true}, {"b", b, false}}, seed);
            for (std::uint64_t step = 0; step < 3; ++step) optimizer->step({made({130, 111}, 3 + step, type), made({70}, 6 + step)}, 0.01);
            return w;
        };
        const at::Tensor one = trained(1, 5);
        QVERIFY(one.equal(trained(4, 5)));
        QCOMPARE(one.equal(trained(1, 6)), !lowWeights && state == "fp32");  // only random roundings know the seed
    }

    void aStepAllocatesNothing_data() { theResultDoesNotDependOnTheThreads_data(); }
    void aStepAllocatesNothing() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        const at::ScalarType type = lowWeights ? at::kBFloat16 : at::kFloat;
        const at::Tensor w = made({40, 70}, 1, type), gradient = made({40, 70}, 2, type), norm = made({40}, 3);
        const auto optimizer = makeOptimizer({.name = name.toStdString(), .state = state.toStdString()}, {{"w", w, true}, {"norm", norm, false}});
        const std::uint64_t before = tensor::memoryCounts().allocations;
        for (int step = 0; step < 3; ++step) optimizer->step({gradient, norm}, 0.01);
        QCOMPARE(tensor::memoryCounts().allocations, before);
    }
    void aStepThatRunsOutOfMemoryHasChangedNothing_data() { theResultDoesNotDependOnTheThreads_data(); }
    void aStepThatRunsOutOfMemoryHasChangedNothing() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        const at::ScalarType type = lowWeights ? at::kBFloat16 : at::kFloat;
        const at::Tensor w = made({40, 70}, 1, type), before = w.clone();
        const auto optimizer = makeOptimizer({.name = name.toStdString(), .state = state.toStdString()}, {{"w", w, true}});
        const at::Tensor turned = made({70, 40}, 2, type).t();  // laid out otherwise: the step copies it
        tensor::injectAllocationFault(1, tensor::FaultMode::Once);
        QVERIFY_EXCEPTION_THROWN(optimizer->step({turned}, 0.01), c10::OutOfMemoryError);
        QVERIFY(tensor::allocationFaultFired());
        tensor::injectAllocationFault(0, tensor::FaultMode::Once);
        QVERIFY(w.equal(before));
        for (const NamedTensor& named : optimizer->state()) QVERIFY2(!named.tensor.any().item<bool>(), named.name.c_str());
    }

    void theStateTakesThePlannedBytes_data() { theResultDoesNotDependOnTheThreads_data(); }
    void theStateTakesThePlannedBytes() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        config::RunConfig config;
        config.train.optimizer = {.name = name.toStdString(), .state = state.toStdString()};
        config.train.weights = lowWeights ? "bf16" : "fp32";
        const auto kind = static_cast<std::size_t>(plan::Kind::Optimizer);
        const Bytes before = tensor::memoryCounts().live[kind];
        const at::Tensor w = made({33, 64}, 1, lowWeights ? at::kBFloat16 : at::kFloat), b = made({1023}, 2);
        const std::vector<std::int64_t> elements{33 * 64, 1023};
        auto optimizer = makeOptimizer(config.train.optimizer, {{"w", w, true}, {"b", b, false}});
        const Bytes inMemory = plan::optimizerBytes(plan::optimizerState(config), elements);
        QCOMPARE(tensor::memoryCounts().live[kind] - before, inMemory);
        optimizer.reset();
        const test::TemporaryFolder folder;
        config.memory.offloadOptimizer = true;
        optimizer = makeOptimizer(config.train.optimizer, {{"w", w, true}, {"b", b, false}}, 0, tensor::makeOutsideMemory(at::kCPU, folder.path()));
        const plan::OptimizerState outside = plan::optimizerState(config);
        QCOMPARE(tensor::memoryCounts().live[kind] - before, plan::optimizerBytes(outside, elements));
        QCOMPARE(plan::optimizerBytes(outside, elements) + plan::optimizerBytesOutside(outside, elements), inMemory);
    }

    void stateOutsideOfMemoryGivesTheSameBits_data() { theResultDoesNotDependOnTheThreads_data(); }
    void stateOutsideOfMemoryGivesTheSameBits() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        const Options options{.name = name.toStdString(), .lr = 0.01, .momentum = 0.9, .state = state.toStdString()};
        const at::ScalarType type = lowWeights ? at::kBFloat16 : at::kFloat;
        const test::TemporaryFolder folder;
        const auto trained = [&](bool isOutside, bool isWhole) {
            // More than two pieces, the last one of an odd length; a kernel in the layout of convolutions; one that stays.
            const at::Tensor w = made({601, 503}, 1, type), kernel = made({32, 16, 3, 3}, 2, type).contiguous(at::MemoryFormat::ChannelsLast);
            const std::vector<Parameter> all{{"w", w, true}, {"kernel", kernel, true}, {"b", made({70}, 3), false}};
            const auto optimizer = makeOptimizer(options, all, 5, isOutside ? tensor::makeOutsideMemory(at::kCPU, folder.path()) : nullptr);
            for (std::uint64_t step = 0; step < 3; ++step) {
                const std::vector<at::Tensor> gradients{made({601, 503}, 4 + step, type), made({32, 16, 3, 3}, 8 + step, type), made({70}, 12 + step)};
                if (isWhole) optimizer->step(gradients, 0.01);
                if (!isWhole) optimizer->begin(0.01);
                for (std::size_t i = isWhole ? 3 : 0; i < 3; ++i) optimizer->update(2 - i, gradients[2 - i]);
            }
            std::vector<at::Tensor> result{w.clone(), kernel.clone(), all[2].value.clone()};
            for (const NamedTensor& each : optimizer->state()) result.push_back(each.tensor.clone());
            return result;
        };
        const std::vector<at::Tensor> inMemory = trained(false, true);
        for (const bool isWhole : {true, false}) QVERIFY(std::ranges::equal(trained(true, isWhole), inMemory, [](const at::Tensor& a, const at::Tensor& b) { return a.equal(b); }));
    }

    void theProcessDoesNotGrowByStateOutside() {
        const test::TemporaryFolder folder;
        const at::Tensor w = made({1 << 24}, 1), gradient = made({1 << 24}, 2);
        const auto optimizer = makeOptimizer({}, {{"w", w, true}}, 0, tensor::makeOutsideMemory(at::kCPU, folder.path()));
        const process::MemoryGrowth growth;
        optimizer->step({gradient}, 0.01);
        QVERIFY2(growth.most() < 8 * kMiB, qPrintable(QString::number(growth.most())));  // of 128 MiB of state
    }

    /// Reasons of the tolerances: 8 bits keep a moment to 1 % and the rate falls to 0, so that the noise of roundings ends as
    /// the steps do; bf16 weights near 1 stand 0.8 % apart, which adds a variance of its own to the error.
    void compactStateLearnsAsFp32Does_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("state");
        QTest::addColumn<bool>("lowWeights");
        QTest::addColumn<double>("tolerance");
        QTest::newRow("adamw in 8 bits") << "adamw" << "8bit" << false << 0.002;
        QTest::newRow("adamw in bf16") << "adamw" << "bf16" << false << 0.002;
        QTest::newRow("momentum in 8 bits") << "sgd" << "8bit" << false << 0.002;
        QTest::newRow("momentum in bf16") << "sgd" << "bf16" << false << 0.002;
        QTest::newRow("bf16 weights, adamw in 8 bits") << "adamw" << "8bit" << true << 0.02;
        QTest::newRow("bf16 weights, sgd") << "sgd" << "fp32" << true << 0.02;
    }
    void compactStateLearnsAsFp32Does() {
        QFETCH(QString, name);
        QFETCH(QString, state);
        QFETCH(bool, lowWeights);
        QFETCH(double, tolerance);
        Options options{.name = name.toStdString(), .lr = 0.05, .weightDecay = 0.001, .momentum = 0.9};
        const double wanted = leastSquares(options);
        options.state = state.toStdString();
        const double found = leastSquares(options, lowWeights ? at::kBFloat16 : at::kFloat);
        qInfo("loss %.6f, with fp32 %.6f (%+.3f %%)", found, wanted, 100 * (found / wanted - 1));
        QVERIFY(std::abs(found / wanted - 1) < tolerance);
    }
    /// An update of a thousandth of bf16's step would be lost each time if it were rounded to the nearest.
    void updatesBelowTheResolutionAddUp() {
        const at::Tensor w = at::empty({4096}, at::kBFloat16).fill_(1);
        const auto optimizer = makeOptimizer({.name = "sgd", .weightDecay = 0, .momentum = 0}, {{"w", w, true}}, 3);
        const at::Tensor gradient = at::empty({4096}, at::kBFloat16).fill_(1);
        for (int step = 0; step < 1000; ++step) optimizer->step({gradient}, 1e-5);
        const double mean = w.to(at::kDouble).mean().item<double>();
        // Below 1 the steps are 1/256: 1000 draws of a share of 1/390 each in 4096 places.
        QVERIFY2(std::abs(mean - 0.99) < 4 * (1.0 / 256) * std::sqrt(1000.0 / 390 / 4096), qPrintable(QString::number(mean)));
    }
};

HEADROOM_TEST(CompactOptimizer)
#include "tst_compact_optimizer.moc"
