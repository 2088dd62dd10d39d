// SPDX-License-Identifier: Apache-2.0
#include "base/models/data_shape.h"

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
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
        for (const test::NetCase& each : test::fourNets()) {
            const auto without = build(each.name, each.data).nodes().size();
            QVERIFY(build(each.name, each.data, {0.1}).nodes().size() > without);
        }
    }

    void onlyMatricesAndKernelsDecay() {
        for (const test::NetCase& each : test::fourNets()) {
            const auto net = build(each.name, each.data);
            for (const graph::ValueId id : net.parameters())
                QCOMPARE(net.value(id).weightDecay, net.value(id).type.shape.size() > 1);
        }
    }

    void theHeadOfTheDecoderIsItsEmbedding() {
        const auto net = build("gpt_mini", text());
        const graph::ValueId table = net.find("token.weight");
        QCOMPARE(net.nodes().front().inputs[0], table);
        QCOMPARE(net.nodes().back().inputs[1], table);
    }

    void anUnknownArchitectureIsRefused() { QCOMPARE(refusal("vgg", pictures(3, 32)), Code::Cfg04); }

    void anArchitectureThatDoesNotSuitTheDataIsRefused() {
        QCOMPARE(refusal("cnn", table(8, 1)), Code::Dat05);
        QCOMPARE(refusal("cnn", pictures(1, 3)), Code::Dat05);
        QCOMPARE(refusal("mlp", text()), Code::Dat05);
        QCOMPARE(refusal("gpt_mini", pictures(1, 28)), Code::Dat05);
    }

    void whatIsSuggestedSuits() {
        for (const DataShape& data : {pictures(1, 28), pictures(1, 2), table(8, 1), text()})
            build(suggestedArchitecture(data), data);
        QCOMPARE(suggestedArchitecture(pictures(1, 28)), std::string_view("cnn"));
    }

    void aShapeComesBackFromItsJson() {
        for (DataShape data : {pictures(3, 28), table(8, 1, Task::Regression), text()}) {
            data.context = 77;
            const DataShape back = shapeFromJson(toJson(data));
            QVERIFY(back.kind == data.kind && back.task == data.task);
            QCOMPARE(toJson(back), toJson(data));
        }
        QCOMPARE(toJson(shapeFromJson({{"kind", 7}, {"task", "paint"}, {"width", "wide"}})), toJson(DataShape{}));
        QCOMPARE(toJson(shapeFromJson(nullptr)), toJson(DataShape{}));
    }

    void everyArchitectureSaysWhatItIs() {
        QCOMPARE(architectures().size(), std::size_t{4});
        for (const Architecture& each : architectures())
            QVERIFY(!each.name.empty() && !each.title.empty() && each.help.ends_with('.') && !each.needs.empty());
    }
};

HEADROOM_TEST(TestModels)
#include "tst_models.moc"
