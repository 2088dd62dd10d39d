// SPDX-License-Identifier: Apache-2.0
// Nets for masks: what counts in the loss, how good they are said to be, and that one learns.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "base/errors/error.h"
#include "base/graph/ops/convolution.h"
#include "core/engine/formats/made_scene.h"
#include "engine/train/evaluation.h"
#include "engine/train/trainer.h"
#include "support/refusal.h"
#include "support/registry.h"
#include "support/temporary_folder.h"
#include "synthetic.h"

using namespace headroom;
using namespace headroom::train;
using test::ScriptedHost;

namespace {

constexpr int kSide = 24;

/// Scenes of a disc and a box. `ignored`: pictures whose masks say nothing but in their first so many pixels.
data::Dataset scenes(int count, int ignored = 0, const config::RunConfig::Augment& augment = {}, double holdout = 0.2) {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Masks;
    raw.format = "synthetic";
    raw.classes = {"ground", "disc", "box"};
    raw.pictures = {.height = kSide, .width = kSide, .channels = 1, .pixels = {}, .labels = std::vector<std::int32_t>(static_cast<std::size_t>(count))};
    for (int k = 0; k < count; ++k) {
        test::Scene scene = test::makeScene(kSide, static_cast<std::uint64_t>(k));
        if (k < ignored) std::fill(scene.mask.begin() + k, scene.mask.end(), std::uint8_t{255});
        raw.pictures.pixels.insert(raw.pictures.pixels.end(), scene.picture.begin(), scene.picture.end());
        raw.masks.train.insert(raw.masks.train.end(), scene.mask.begin(), scene.mask.end());
    }
    data::Preparation preparation;
    preparation.data.augment = augment;
    preparation.data.holdout = holdout;
    return data::prepare(std::move(raw), preparation);
}

config::RunConfig runOf(const char* arch, std::int64_t batch) {
    config::RunConfig config = test::smallRun();
    config.model.arch = arch;
    config.train.batchSize = batch;
    config.checkpoint.everySteps = 1000;
    return config;
}

/// One convolution: samples do not meet, as they would in a batch norm, so that parts of a batch add up to the whole.
ModelFile oneConvolution() {
    auto net = std::make_shared<graph::Graph>();
    const graph::Shape pictures{graph::Dim::named("batch"), graph::Dim::fixed(1), graph::Dim::fixed(kSide), graph::Dim::fixed(kSide)};
    const graph::ValueId input = net->addInput("input", {graph::DType::F32, pictures});
    const graph::Initializer initial{graph::Initializer::Kind::KaimingNormal, 1, 9};
    const graph::ValueId weight = net->addParameter("weight", {graph::DType::F32, graph::fixedShape({3, 1, 3, 3})}, initial);
    net->setOutputs(net->addNode(graph::kConv, "logits", {input, weight}, {{"kernel_shape", std::vector<std::int64_t>{3, 3}}, {"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}));
    ModelFile file;
    file.graph = net;
    return file;
}

struct Made {
    Outcome outcome;
    std::vector<StepReport> steps;
    std::vector<std::pair<std::int64_t, Metrics>> evaluations;
    std::vector<at::Tensor> weights;
};

Made trained(config::RunConfig config, const data::Dataset& dataset, const ModelFile& file = {}) {
    const test::TemporaryFolder folder;
    ScriptedHost host;
    TrainerOptions options;
    options.checkpoints = folder.path();
    options.file = file;
    if (file.graph) config.model.file = "net.onnx";
    Trainer trainer(config, dataset, options, host);
    const Outcome outcome = trainer.run();
    return {outcome, host.steps, host.evaluations, trainer.model().weights()};
}

}  // namespace

class TestSegmentation : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNetLearnsToTakeScenesApart() {
        const data::Dataset dataset = scenes(60, 0, {2, true});
        config::RunConfig config = runOf("unet_small", 8);
        config.train.epochs = 6;
        config.train.optimizer.lr = 0.003;
        const Made made = trained(config, dataset);
        const Metrics& last = made.evaluations.back().second;
        QVERIFY2(last.miou.value() > 0.8, qPrintable(QString("mean IoU %1, accuracy %2").arg(*last.miou).arg(*last.accuracy)));  // guessing the ground: 0.2
        QVERIFY(last.accuracy.value() > 0.9);
        QVERIFY(!last.r2);
    }

    void microBatchesAverageAsTheWholeBatchHoweverManyPixelsAreIgnored_data() {
        QTest::addColumn<int>("crop");
        QTest::newRow("as it is") << 0;
        QTest::newRow("cropped past the pictures") << 9;
    }
    void microBatchesAverageAsTheWholeBatchHoweverManyPixelsAreIgnored() {
        QFETCH(int, crop);
        const data::Dataset dataset = scenes(8, 5, {crop, crop > 0}, 0);
        config::RunConfig config = runOf("cnn", 8);
        config.train.maxSteps = 2;
        config.train.optimizer.name = "sgd";
        config.train.microBatch = 8;
        const Made whole = trained(config, dataset, oneConvolution());
        for (const int micro : {1, 2, 3}) {
            config.train.microBatch = micro;
            const Made parts = trained(config, dataset, oneConvolution());
            for (std::size_t step = 0; step < 2; ++step) QVERIFY(std::abs(parts.steps[step].loss - whole.steps[step].loss) < 1e-5);
            QVERIFY(at::allclose(parts.weights[0], whole.weights[0], 1e-5, 1e-6));  // fp32 in another order
        }
        QVERIFY(whole.steps[0].loss != whole.steps[1].loss);
    }

    void ignoredPixelsChangeNothing() {
        config::RunConfig config = runOf("cnn", 4);
        config.train.maxSteps = 1;
        const auto lossOf = [&](int said) {  // of four pictures, the masks of the others are empty
            return trained(config, scenes(4, said, {}, 0), oneConvolution()).steps[0].loss;
        };
        QVERIFY(std::isfinite(lossOf(4)) && lossOf(4) > 0);  // 0 + 1 + 2 + 3 pixels
        const data::Dataset nothing = scenes(1, 1, {}, 0);
        config.train.batchSize = 1;
        const Made made = trained(config, nothing, oneConvolution());
        QCOMPARE(made.steps[0].loss, 0.0);
    }

    void aRunOfMasksGoesOnAsIfItHadNeverStopped() {
        const data::Dataset dataset = scenes(20, 3, {2, true});
        config::RunConfig config = runOf("unet_small", 4);
        config.train.maxSteps = 6;
        config.checkpoint.everySteps = 3;
        const Made unbroken = trained(config, dataset);
        const test::TemporaryFolder folder;
        TrainerOptions options;
        options.checkpoints = folder.path();
        ScriptedHost dying;
        dying.dieAfter = 4;
        try {
            Trainer(config, dataset, options, dying).run();
            QFAIL("nobody died");
        } catch (const test::Killed&) {
        }
        options.resume = true;
        ScriptedHost host;
        const Outcome outcome = Trainer(config, dataset, options, host).run();
        QCOMPARE(outcome.weightsSha256, unbroken.outcome.weightsSha256);
        QCOMPARE(outcome.metrics->miou, unbroken.outcome.metrics->miou);
    }

    void intersectionOverUnionIsTheMeanOfTheClassesThatOccur() {
        const at::Tensor confusion = at::tensor({3, 1, 0, 1, 5, 0, 0, 0, 0}, at::kLong).view({3, 3});
        const IouFigures figures = iouOf(confusion);
        QCOMPARE(figures.accuracy, 0.8);
        QCOMPARE(figures.mean, (3.0 / 5 + 5.0 / 7) / 2);
        const at::Tensor target = at::tensor({0, 255, 1, 2}, at::kLong), predicted = at::tensor({0, 1, 1, 1}, at::kLong);
        QVERIFY(at::equal(confusionOf(predicted, target, 3), at::tensor({1, 0, 0, 0, 1, 0, 0, 1, 0}, at::kLong).view({3, 3})));
        QCOMPARE(iouOf(at::zeros({2, 2})).mean, 0.0);
    }

    void theBestIsThatOfTheMeanIntersectionOverUnion() {
        Judge judge(Judge::Figure::MeanIou, {});
        QCOMPARE(judge.name(), std::string_view("val_miou"));
        QVERIFY(judge.better({0.5, 0.9, 0.4, {}}, 1));
        QVERIFY(!judge.better({0.1, 0.99, 0.3, {}}, 2));
        QVERIFY(judge.better({0.9, 0.5, 0.5, {}}, 3));
    }

    void netsAndDataThatDoNotSuitAreRefusedInASentence() {
        const data::Dataset masks = scenes(8);
        for (const char* arch : {"cnn", "mlp", "resnet18"})
            EXPECT_REFUSED([&] { trained(runOf(arch, 4), masks); }, "DAT-05", "with a class for each pixel|one class each|Set model.arch to unet_small");
        EXPECT_REFUSED([&] { trained(runOf("unet_small", 4), test::pictures()); }, "DAT-05", "with a class for each pixel needed");
        EXPECT_REFUSED([&] { trained(runOf("cnn", 4), test::pictures(), oneConvolution()); }, "DAT-05", "");
    }
};

HEADROOM_TEST(TestSegmentation)
#include "tst_segmentation.moc"
