// SPDX-License-Identifier: Apache-2.0
#include "base/models/data_shape.h"

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/plan/node_figures.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;
using headroom::test::pictures;
using headroom::test::table;
using headroom::test::text;

namespace {

Code refusal(std::string_view architecture, const DataShape& data) {
    try {
        build(architecture, data);
    } catch (const Error& error) {
        return error.code();
    }
    return Code::Int01;
}

std::string shapeOfValue(const graph::Graph& graph, std::string_view name) {
    return toString(graph.value(graph.find(name)).type.shape);
}

DataShape masks(std::int64_t side, std::int64_t classes) {
    DataShape data = pictures(3, side, classes);
    data.task = Task::Segmentation;
    return data;
}

/// Of one sample, in thousand millions.
double multiplyAdds(const graph::Graph& graph) { return static_cast<double>(plan::multiplyAdds(graph, {{"batch", 1}, {"sequence", 1}})) / 1e9; }

}  // namespace

class TestModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void parametersAreAsManyAsPublished_data() {
        QTest::addColumn<QString>("architecture");
        QTest::addColumn<int>("net");
        QTest::addColumn<qint64>("count");
        QTest::newRow("cnn, 28x28x1, 10 classes") << "cnn" << 1 << qint64{468'010};
        QTest::newRow("resnet20, 32x32x3, 10 classes") << "resnet20" << 2 << qint64{272'474};
        // 108*256+256 + 2*(256*256+256) + 3*2*256 + 256*2+2
        QTest::newRow("mlp, 108 features, 2 classes") << "mlp" << 0 << qint64{161'538};
        // 65*128 + 128*128 + 4*(2*256 + 128*384+384 + 128*128+128 + 128*512+512 + 512*128+128) + 256
        QTest::newRow("gpt_mini, 65 characters") << "gpt_mini" << 3 << qint64{818'048};
    }
    void parametersAreAsManyAsPublished() {
        QFETCH(QString, architecture);
        QFETCH(int, net);
        QFETCH(qint64, count);
        const auto graph = build(architecture.toStdString(), test::fourNets()[static_cast<std::size_t>(net)].data);
        QCOMPARE(graph.parameterCount(), count);
        QCOMPARE(graph.name, architecture.toStdString());
    }

    /// Of torchvision 0.26 and timm 1.0 with 1,000 classes; of GPT-2 with its vocabulary and context.
    void parametersOfWholeNetsAreAsManyAsPublished_data() {
        QTest::addColumn<QString>("architecture");
        QTest::addColumn<qint64>("count");
        QTest::newRow("resnet18") << "resnet18" << qint64{11'689'512};
        QTest::newRow("resnet34") << "resnet34" << qint64{21'797'672};
        QTest::newRow("resnet50") << "resnet50" << qint64{25'557'032};
        QTest::newRow("mobilenet_v2") << "mobilenet_v2" << qint64{3'504'872};
        QTest::newRow("mobilenet_v3_small") << "mobilenet_v3_small" << qint64{2'542'856};
        QTest::newRow("efficientnet_b0") << "efficientnet_b0" << qint64{5'288'548};
        QTest::newRow("convnext_tiny") << "convnext_tiny" << qint64{28'589'128};
        QTest::newRow("vit_tiny") << "vit_tiny" << qint64{5'717'416};
        QTest::newRow("vit_small") << "vit_small" << qint64{22'050'664};
        QTest::newRow("gpt") << "gpt" << qint64{124'439'808};
    }
    void parametersOfWholeNetsAreAsManyAsPublished() {
        QFETCH(QString, architecture);
        QFETCH(qint64, count);
        DataShape data = pictures(3, 224, 1000);
        if (architecture == "gpt") {
            data = text(50'257);
            data.context = 1024;
        }
        QCOMPARE(build(architecture.toStdString(), data).parameterCount(), count);
    }

    void parametersOfTheOtherNetsAreAsManyAsTheirLayersSay() {
        // 12*192+192 + 2*(2*192 + 192*384+384 + 384*192+192) + 2*192 + 192*5+5
        QCOMPARE(build("tabular_resnet", table(12, 5)).parameterCount(), std::int64_t{300'677});
        // 65*256 + 2*(2*1024*256 + 8*256) + 256*65+65
        QCOMPARE(build("lstm", text()).parameterCount(), std::int64_t{1'086'017});
        // 9*(3*16 + 16*16) + 4*16 and so on down; up 4*32*16+16 + 9*(32*16 + 16*16) + 4*16; 16*4+4
        QCOMPARE(build("unet_small", masks(16, 4)).parameterCount(), std::int64_t{1'942'628});
    }

    /// At 224 x 224: torchvision's metadata; of the transformers the figures of DeiT (arXiv 2012.12877, table 5).
    void multiplyAddsAreAsManyAsPublished_data() {
        QTest::addColumn<QString>("architecture");
        QTest::addColumn<double>("published");
        QTest::addColumn<double>("unit");
        QTest::newRow("resnet18") << "resnet18" << 1.814 << 0.001;
        QTest::newRow("resnet34") << "resnet34" << 3.664 << 0.001;
        QTest::newRow("resnet50") << "resnet50" << 4.089 << 0.001;
        QTest::newRow("mobilenet_v2") << "mobilenet_v2" << 0.301 << 0.001;
        QTest::newRow("mobilenet_v3_small") << "mobilenet_v3_small" << 0.057 << 0.001;
        QTest::newRow("efficientnet_b0") << "efficientnet_b0" << 0.386 << 0.001;
        QTest::newRow("convnext_tiny") << "convnext_tiny" << 4.456 << 0.001;
        QTest::newRow("vit_tiny") << "vit_tiny" << 1.3 << 0.1;
        QTest::newRow("vit_small") << "vit_small" << 4.6 << 0.1;
    }
    void multiplyAddsAreAsManyAsPublished() {
        QFETCH(QString, architecture);
        QFETCH(double, published);
        QFETCH(double, unit);
        const double found = multiplyAdds(build(architecture.toStdString(), pictures(3, 224, 1000)));
        QVERIFY2(std::abs(found - published) <= 0.501 * unit, qPrintable(QString::number(found)));
    }

    void everyArchitectureTakesTheSmallestDataThatItAsksFor() {
        for (const Architecture& each : architectures())
            for (std::int64_t side = 1; side <= 40; ++side)
                for (const DataShape& data : {pictures(1, side), masks(side, 2)})
                    if (each.suits(data)) test::trainingGraph({std::string(each.name), data, {}});
    }

    void aSmallPictureKeepsItsPixelsThroughTheStem() {
        QCOMPARE(shapeOfValue(build("resnet18", pictures(3, 64)), "relu"), std::string("[batch, 64, 64, 64]"));
        QCOMPARE(shapeOfValue(build("resnet18", pictures(3, 65)), "maxpool"), std::string("[batch, 64, 17, 17]"));
        QCOMPARE(shapeOfValue(build("mobilenet_v2", pictures(3, 32)), "features/0/2"), std::string("[batch, 32, 32, 32]"));
        QCOMPARE(shapeOfValue(build("convnext_tiny", pictures(3, 32)), "features/0/0"), std::string("[batch, 96, 16, 16]"));
        QCOMPARE(shapeOfValue(build("vit_tiny", pictures(3, 32)), "embedded"), std::string("[batch, 65, 192]"));
        QCOMPARE(shapeOfValue(build("vit_tiny", pictures(3, 224)), "embedded"), std::string("[batch, 197, 192]"));
    }

    void patchesThatReachPastThePictureAreFilledUp() {
        QCOMPARE(shapeOfValue(build("vit_tiny", pictures(3, 30)), "embedded"), std::string("[batch, 65, 192]"));
    }

    void everyPixelHasAClass() {
        const auto net = test::trainingGraph({"unet_small", masks(21, 4)});
        QCOMPARE(shapeOfValue(net, "logits"), std::string("[batch, 4, 21, 21]"));
        QCOMPARE(shapeOfValue(net, "target"), std::string("[batch, 21, 21]"));
        QCOMPARE(shapeOfValue(net, "loss"), std::string("[1]"));
        const auto loss = std::ranges::find_if(net.nodes(), [](const graph::Node& node) { return node.name == "loss"; });
        QCOMPARE(loss->integer("ignore_index", -1), kIgnoredClass);
    }

    void aDecoderOfAnySizeFollowsTheOptions() {
        const auto net = build("gpt", text(), {.width = 48, .layers = 3, .heads = 4});
        QCOMPARE(net.value(net.find("h.2.mlp.c_fc.weight")).type.shape[1].extent, std::int64_t{192});
        QCOMPARE(net.find("h.3.ln_1.weight"), graph::kNone);
        QCOMPARE(net.node(net.value(net.find("h/0/attn")).producer).integer("q_num_heads", 0), std::int64_t{4});
        const auto recurrent = build("lstm", text(), {.width = 48, .layers = 3});
        QCOMPARE(shapeOfValue(recurrent, "rnn.2.lstm.weight_hh"), std::string("[1, 192, 48]"));
    }

    void inputsAndOutputsHaveTheNamesThatTheEngineFeeds() {
        const auto net = test::trainingGraph({"cnn", pictures(3, 32)});
        QCOMPARE(shapeOfValue(net, "input"), std::string("[batch, 3, 32, 32]"));
        QCOMPARE(shapeOfValue(net, "target"), std::string("[batch]"));
        QCOMPARE(shapeOfValue(net, "logits"), std::string("[batch, 10]"));
        QCOMPARE(net.value(net.outputs()[0]).name, std::string("loss"));
        QCOMPARE(net.value(net.outputs()[1]).name, std::string("logits"));
        const auto gpt = test::trainingGraph({"gpt_mini", text()});
        QCOMPARE(shapeOfValue(gpt, "tokens"), std::string("[batch, sequence]"));
        QCOMPARE(shapeOfValue(gpt, "target"), std::string("[batch, sequence]"));
        QCOMPARE(shapeOfValue(gpt, "logits"), std::string("[batch*sequence, 65]"));
    }

    void aRegressionPredictsNumbers() {
        const auto net = test::trainingGraph({"mlp", table(8, 1, Task::Regression)});
        QCOMPARE(shapeOfValue(net, "target"), std::string("[batch, 1]"));
        QVERIFY(net.value(net.find("target")).type.dtype == graph::DType::F32);
        QCOMPARE(net.nodes().back().op->name, std::string_view("MeanSquaredError"));
    }

    void theSmallNetTakesAnyPictureOfFourPixelsUp() {
        for (const std::int64_t side : {4, 5, 8, 28, 33}) {
            const auto net = build("cnn", pictures(1, side));
            QCOMPARE(net.value(net.find("flatten")).type.shape[1].extent, 64 * (side / 4) * (side / 4));
            build("resnet20", pictures(3, side));
        }
    }

    void thePerceptronTakesPicturesFlat() {
        const auto net = build("mlp", pictures(3, 8));
        QCOMPARE(net.value(net.find("flatten")).type.shape[1].extent, 192);
    }

    void dropoutNodesAreThereOnlyWhenAskedFor() {
        for (const test::NetCase& each : test::everyNet())
            QVERIFY(test::trainingGraph(each, 0.1).nodes().size() > test::trainingGraph(each).nodes().size());
    }

    void onlyMatricesAndKernelsDecay() {
        for (const test::NetCase& each : test::everyNet()) {
            const auto net = test::trainingGraph(each);
            for (const graph::ValueId id : net.parameters()) {
                const graph::Value& value = net.value(id);
                const bool isVector = value.name.ends_with("layer_scale") || value.name.ends_with("_token") ||
                                      value.name == "pos_embed" || value.name.ends_with("lstm.bias");
                QCOMPARE(value.weightDecay, value.type.shape.size() > 1 && !isVector);
            }
        }
    }

    void theHeadOfTheDecoderIsItsEmbedding() {
        const auto net = build("gpt_mini", text());
        const graph::ValueId table = net.find("wte.weight");
        QCOMPARE(net.nodes().front().inputs[0], table);
        QCOMPARE(net.nodes().back().inputs[1], table);
    }

    void anUnknownArchitectureIsRefused() { QCOMPARE(refusal("vgg", pictures(3, 32)), Code::Cfg04); }

    void anArchitectureThatDoesNotSuitTheDataIsRefused() {
        QCOMPARE(refusal("cnn", table(8, 1)), Code::Dat05);
        QCOMPARE(refusal("cnn", pictures(1, 3)), Code::Dat05);
        QCOMPARE(refusal("mlp", text()), Code::Dat05);
        QCOMPARE(refusal("gpt_mini", pictures(1, 28)), Code::Dat05);
        QCOMPARE(refusal("resnet18", pictures(3, 7)), Code::Dat05);
        QCOMPARE(refusal("resnet18", masks(32, 2)), Code::Dat05);
        QCOMPARE(refusal("unet_small", pictures(3, 32)), Code::Dat05);
    }

    void whatIsSuggestedSuits() {
        for (const DataShape& data : {pictures(1, 28), pictures(1, 2), table(8, 1), text(), masks(32, 2)})
            build(suggestedArchitecture(data), data);
        QCOMPARE(suggestedArchitecture(pictures(1, 28)), std::string_view("cnn"));
    }

    void aShapeComesBackFromItsJson() {
        for (DataShape data : {pictures(3, 28), table(8, 1, Task::Regression), text(), masks(32, 2)}) {
            data.context = 77;
            const DataShape back = shapeFromJson(toJson(data));
            QVERIFY(back.kind == data.kind && back.task == data.task);
            QCOMPARE(toJson(back), toJson(data));
        }
        QCOMPARE(toJson(shapeFromJson({{"kind", 7}, {"task", "paint"}, {"width", "wide"}})), toJson(DataShape{}));
        QCOMPARE(toJson(shapeFromJson(nullptr)), toJson(DataShape{}));
    }

    void everyArchitectureSaysWhatItIs() {
        QCOMPARE(architectures().size(), std::size_t{17});
        for (const Architecture& each : architectures())
            QVERIFY(!each.name.empty() && !each.title.empty() && each.help.ends_with('.') && !each.needs.empty());
    }
};

HEADROOM_TEST(TestModels)
#include "tst_models.moc"
