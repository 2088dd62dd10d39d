// SPDX-License-Identifier: Apache-2.0
#include "base/models/layer_rates.h"

#include "base/graph/op_entry.h"
#include "base/graph/ops/linear.h"
#include "base/models/models.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;
using graph::Dim;
using graph::Graph;
using graph::ValueId;

namespace {

/// A chain of products, a node of each name; weights are "w0", "w1" ...
Graph chain(const std::vector<std::string>& names) {
    Graph net;
    ValueId x = net.addInput("x", {graph::DType::F32, {Dim::named("batch"), Dim::fixed(4)}});
    for (const std::string& name : names) {
        const ValueId weight = net.addParameter("w" + std::to_string(net.parameters().size()), {graph::DType::F32, graph::fixedShape({4, 4})}, {});
        x = net.addNode(graph::kMatMul, name, {x, weight}).front();
    }
    net.setOutputs({x});
    return net;
}

/// How many layers lie behind each weight.
QList<int> layersBehind(const Graph& net) {
    const std::vector<double> rates = layerRates(net, 0.5);
    QList<int> behind;
    for (const ValueId id : net.parameters()) behind << static_cast<int>(std::lround(-std::log2(rates[static_cast<std::size_t>(id)])));
    return behind;
}

}  // namespace

class LayerRates : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aBlockOfABuiltNetIsALayer() {
        DataShape data;
        data.channels = 3;
        data.height = data.width = 32;
        data.outputs = 10;
        const Graph net = build("vit_tiny", data);
        const std::vector<double> rates = layerRates(net, 0.5);
        const auto rate = [&](const char* name) { return rates[static_cast<std::size_t>(net.find(name))]; };
        QCOMPARE(rate("blocks.3.attn.qkv.weight"), rate("blocks.3.mlp.fc2.weight"));
        QCOMPARE(rate("blocks.4.attn.qkv.weight"), 2 * rate("blocks.3.attn.qkv.weight"));
        QCOMPARE(rate("head.weight"), 1.0);
    }
    void whatAFilesNodesNumberIsALayer_data() {
        QTest::addColumn<QStringList>("names");
        QTest::addColumn<QList<int>>("behind");
        QTest::newRow("as PyTorch writes them") << QStringList{"/conv1/Conv", "/layer1/layer1.0/conv1/Conv", "/layer1/layer1.0/conv2/Conv", "/layer1/layer1.1/conv1/Conv", "/fc/Gemm"} << QList<int>{3, 2, 2, 1, 0};
        QTest::newRow("as we write them") << QStringList{"patch", "blocks/0/attn/qkv", "blocks/0/mlp/fc1", "blocks/10/attn/qkv", "head"} << QList<int>{3, 2, 2, 1, 0};
        QTest::newRow("without folders") << QStringList{"MatMul_1", "MatMul_2", "MatMul_3"} << QList<int>{2, 1, 0};
    }
    void whatAFilesNodesNumberIsALayer() {
        QFETCH(QStringList, names);
        std::vector<std::string> nodes;
        for (const QString& name : names) nodes.push_back(name.toStdString());
        QTEST(layersBehind(chain(nodes)), "behind");
    }
};

HEADROOM_TEST(LayerRates)
#include "tst_layer_rates.moc"
