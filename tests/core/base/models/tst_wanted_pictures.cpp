// SPDX-License-Identifier: Apache-2.0
#include "base/models/wanted_pictures.h"

#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;
using graph::Dim;

class TestWantedPictures : public QObject {
    Q_OBJECT

    /// 0: an extent without a number.
    static graph::Graph taking(const QList<int>& extents) {
        graph::Graph file;
        graph::Shape shape;
        for (const int extent : extents) shape.push_back(extent > 0 ? Dim::fixed(extent) : Dim::named("n" + std::to_string(shape.size())));
        file.addInput("x", {graph::DType::F32, std::move(shape)});
        return file;
    }

private Q_SLOTS:
    void aModelFileSaysWhatItTakes_data() {
        QTest::addColumn<QList<int>>("input");
        QTest::addColumn<QList<int>>("wanted");  // channels, height, width
        QTest::newRow("channels first") << QList<int>{0, 3, 240, 320} << QList<int>{3, 240, 320};
        QTest::newRow("channels last") << QList<int>{0, 64, 64, 1} << QList<int>{1, 64, 64};
        QTest::newRow("any size") << QList<int>{0, 3, 0, 0} << QList<int>{3, 0, 0};
        QTest::newRow("one extent") << QList<int>{0, 3, 0, 96} << QList<int>{3, 96, 96};
        QTest::newRow("rows of pixels") << QList<int>{0, 784, 1} << QList<int>{1, 28, 28};
        QTest::newRow("rows of colours") << QList<int>{0, 3072} << QList<int>{3, 32, 32};
        QTest::newRow("no pictures") << QList<int>{0, 13} << QList<int>{0, 0, 0};
        QTest::newRow("other channels") << QList<int>{0, 4, 32, 32} << QList<int>{0, 32, 32};
    }
    void aModelFileSaysWhatItTakes() {
        QFETCH(QList<int>, input);
        QFETCH(QList<int>, wanted);
        const graph::Graph file = taking(input);
        QCOMPARE(wantedPictures(0, "cnn", &file), (WantedPictures{wanted[0], wanted[1], wanted[2], 224}));
    }
    void aStatedSideCountsBeforeTheModels() {
        const graph::Graph file = taking({0, 3, 240, 320});
        QCOMPARE(wantedPictures(48, "", &file), (WantedPictures{3, 48, 48, 224}));
        QCOMPARE(wantedPictures(48, "cnn"), (WantedPictures{0, 48, 48, 64}));
    }
    void architecturesForSmallPicturesUsuallyTakeSmallOnes() {
        for (const char* small : {"mlp", "tabular_resnet", "cnn", "resnet20"}) QCOMPARE(wantedPictures(0, small).usualSide, 64);
        for (const char* large : {"resnet18", "vit_tiny", "convnext_tiny", ""}) QCOMPARE(wantedPictures(0, large).usualSide, 224);
    }
    void aModelOfSeveralInputsTakesAny() {
        graph::Graph file = taking({0, 3, 32, 32});
        file.addInput("y", {graph::DType::F32, graph::fixedShape({1, 3, 32, 32})});
        QCOMPARE(wantedPictures(0, "", &file), WantedPictures{});
    }
};

HEADROOM_TEST(TestWantedPictures)
#include "tst_wanted_pictures.moc"
