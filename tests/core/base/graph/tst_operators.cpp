// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/graph/ops/convolution.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/embedding.h"
#include "base/graph/ops/linear.h"
#include "base/graph/ops/linear_cross_entropy.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/ops/pooling.h"
#include "base/graph/ops/regularization.h"
#include "base/graph/ops/shape.h"
#include "base/plan/types.h"
#include "core/base/graph/nets.h"
#include "core/base/graph/operator_rows.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;

namespace {

using Numbers = std::vector<std::int64_t>;

/// Inputs as "batch,3,8,8"; "i:batch" holds whole numbers, "=-1,128" is a constant. `output` "" means refused.
struct Row {
    const OpEntry* op;
    std::vector<std::string> inputs;
    Attributes attributes;
    std::string output;
    int outputs = 0;
};

std::vector<ValueId> addRow(Graph& graph, const Row& row) {
    std::vector<ValueId> inputs;
    for (const std::string& each : row.inputs) inputs.push_back(test::addRowInput(graph, each, inputs.size()));
    while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
    return graph.addNode(*row.op, "node", inputs, row.attributes, {}, row.outputs);
}

std::vector<std::string> batchNormInputs(const std::string& x, const std::string& c) { return {x, c, c, c, c}; }
std::vector<std::string> with(std::vector<std::string> list, const std::string& last) {
    list.push_back(last);
    return list;
}
Attributes window(Numbers kernel, Numbers strides, Numbers pads = {0, 0, 0, 0}) {
    return {{"kernel_shape", std::move(kernel)}, {"strides", std::move(strides)}, {"pads", std::move(pads)}};
}
Attributes ceiling(Attributes attributes) {
    attributes.emplace("ceil_mode", std::int64_t{1});
    return attributes;
}
Attributes one(const char* name, Attribute value) { return {{name, std::move(value)}}; }
Attributes heads(std::int64_t count) { return {{"q_num_heads", count}, {"kv_num_heads", count}}; }

const std::vector<Row>& rows() {
    static const std::int64_t on = 1;
    static const std::vector<Row> own{
        {&kConv, {"batch,3,32,32", "16,3,3,3"}, window({3, 3}, {1, 1}, {1, 1, 1, 1}), "[batch, 16, 32, 32]"},
        {&kConv, {"batch,3,32,32", "16,3,3,3", "16"}, window({3, 3}, {2, 2}, {1, 1, 1, 1}), "[batch, 16, 16, 16]"},
        {&kConv, {"batch,8,9,7", "8,1,3,3"}, one("group", std::int64_t{8}), "[batch, 8, 7, 5]"},
        {&kConv, {"batch,3,32,32", "16,4,3,3"}, {}, ""},
        {&kConv, {"batch,3,2,2", "16,3,3,3"}, {}, ""},
        {&kConv, {"batch,3,32", "16,3,3,3"}, {}, ""},
        {&kConv, {"batch,3,8,8", "16,3,3,3", "15"}, {}, ""},
        {&kGemm, {"batch,64", "64,10"}, {}, "[batch, 10]"},
        {&kGemm, {"batch,64", "10,64", "10"}, one("transB", on), "[batch, 10]"},
        {&kGemm, {"64,batch", "64,10"}, one("transA", on), "[batch, 10]"},
        {&kGemm, {"batch,64", "65,10"}, {}, ""},
        {&kGemm, {"batch,64", "64,10", "9"}, {}, ""},
        {&kMatMul, {"batch,sequence,128", "128,384"}, {}, "[batch, sequence, 384]"},
        {&kMatMul, {"batch,sequence,128", "127,384"}, {}, ""},
        {&kLinear, {"batch,sequence,128", "128,384", "384"}, {}, "[batch, sequence, 384]"},
        {&kLinear, {"batch,128", "128,384", "128"}, {}, ""},
        {&kBatchNormalization, batchNormInputs("batch,16,8,8", "16"), {}, "[batch, 16, 8, 8]"},
        {&kBatchNormalization, batchNormInputs("batch,16", "16"), {}, "[batch, 16]"},
        {&kBatchNormalization, batchNormInputs("batch,16,8,8", "8"), {}, ""},
        {&kBatchNormRelu, batchNormInputs("batch,16,8,8", "16"), {}, "[batch, 16, 8, 8]"},
        {&kBatchNormAddRelu, with(batchNormInputs("batch,16,8,8", "16"), "batch,16,8,8"), {}, "[batch, 16, 8, 8]"},
        {&kBatchNormAddRelu, with(batchNormInputs("batch,16,8,8", "16"), "batch,16,1,1"), {}, ""},
        {&kFixedBatchNorm, batchNormInputs("batch,16,8,8", "16"), {}, "[batch, 16, 8, 8]"},
        {&kLayerNormalization, {"batch,sequence,128", "128", "128"}, {}, "[batch, sequence, 128]"},
        {&kLayerNormalization, {"batch,sequence,128", "128"}, one("axis", std::int64_t{2}), "[batch, sequence, 128]"},
        {&kLayerNormalization, {"batch,4,128", "128"}, one("axis", std::int64_t{1}), ""},
        {&kRelu, {"batch,5"}, {}, "[batch, 5]"},
        {&kGelu, {"batch,5"}, one("approximate", std::string("tanh")), "[batch, 5]"},
        {&kGelu, {"batch,5"}, one("approximate", std::string("fast")), ""},
        {&kAdd, {"batch,sequence,8", "8"}, {}, "[batch, sequence, 8]"},
        {&kAdd, {"batch,1,8", "sequence,8"}, {}, "[batch, sequence, 8]"},
        {&kAdd, {"batch,8", "sequence,8"}, {}, ""},
        {&kDropout, {"batch,5"}, one("ratio", 0.1), "[batch, 5]"},
        {&kDropout, {"batch,5"}, one("ratio", 1.0), ""},
        {&kMaxPool, {"batch,32,28,28"}, window({2, 2}, {2, 2}), "[batch, 32, 14, 14]"},
        {&kMaxPool, {"batch,32,7,7"}, window({2, 2}, {2, 2}), "[batch, 32, 3, 3]"},
        {&kMaxPool, {"batch,32,7,7"}, ceiling(window({2, 2}, {2, 2})), "[batch, 32, 4, 4]"},
        // The third window would begin in the padding behind the picture.
        {&kMaxPool, {"batch,8,3,3"}, ceiling(window({1, 1}, {3, 3}, {0, 0, 0, 0})), "[batch, 8, 1, 1]"},
        {&kMaxPool, {"batch,8,3,3"}, ceiling(window({2, 2}, {2, 2}, {1, 1, 1, 1})), "[batch, 8, 2, 2]"},
        {&kMaxPool, {"batch,8,64,64"}, window({16, 16}, {16, 16}), "[batch, 8, 4, 4]"},
        {&kMaxPool, {"batch,8,64,64"}, {}, ""},
        {&kAveragePool, {"batch,8,8,8"}, window({3, 3}, {1, 1}, {1, 1, 1, 1}), "[batch, 8, 8, 8]"},
        {&kAveragePool, {"batch,8,8,8"}, window({2, 2}, {2, 2}, {2, 2, 2, 2}), ""},
        {&kGlobalAveragePool, {"batch,64,8,8"}, {}, "[batch, 64, 1, 1]"},
        {&kFlatten, {"batch,64,7,7"}, {}, "[batch, 3136]"},
        {&kFlatten, {"batch,sequence,8"}, one("axis", std::int64_t{2}), "[batch*sequence, 8]"},
        {&kFlatten, {"batch,8"}, one("axis", std::int64_t{3}), ""},
        {&kReshape, {"batch,sequence,128", "=-1,128"}, {}, "[batch*sequence, 128]"},
        {&kReshape, {"batch,12,8", "=0,4,-1"}, {}, "[batch, 4, 24]"},
        {&kReshape, {"batch,12,8", "=0,96"}, {}, "[batch, 96]"},
        {&kReshape, {"batch,4,8", "=-1,8"}, {}, "[4*batch, 8]"},
        {&kReshape, {"batch,12,8", "=0,95"}, {}, ""},
        {&kReshape, {"batch,12,8", "=-1,-1"}, {}, ""},
        {&kReshape, {"batch,12,8", "i:2"}, {}, ""},
        {&kTranspose, {"batch,3,5"}, {}, "[5, 3, batch]"},
        {&kTranspose, {"batch,3,5"}, one("perm", Numbers{0, 2, 1}), "[batch, 5, 3]"},
        {&kTranspose, {"batch,3,5"}, one("perm", Numbers{0, 2, 2}), ""},
        {&kSplit,
         {"batch,sequence,384"},
         {{"axis", std::int64_t{2}}, {"num_outputs", std::int64_t{3}}},
         "[batch, sequence, 128]"},
        {&kSplit, {"batch,10"}, {{"axis", std::int64_t{-1}}, {"num_outputs", std::int64_t{11}}}, ""},
        {&kGather, {"65,128", "i:batch,sequence"}, {}, "[batch, sequence, 128]"},
        {&kGather, {"65,128", "batch,sequence"}, {}, ""},
        {&kAddPositions, {"batch,sequence,128", "64,128"}, {}, "[batch, sequence, 128]"},
        {&kAddPositions, {"batch,65,128", "64,128"}, {}, ""},
        {&kAttention,
         {"batch,sequence,128", "batch,sequence,128", "batch,sequence,128"},
         heads(4),
         "[batch, sequence, 128]"},
        {&kAttention, {"batch,sequence,128", "batch,sequence,128", "batch,sequence,128"}, heads(3), ""},
        {&kAttention, {"batch,sequence,8", "batch,sequence,8", "batch,sequence,8", "", "batch,2,past,4", "batch,2,past,4"}, heads(2), "[batch, sequence, 8]"},
        {&kAttention, {"batch,2,5,3", "batch,2,7,3", "batch,2,7,3", "7"}, {}, "[batch, 2, 5, 3]"},
        {&kSoftmaxCrossEntropy, {"batch,10", "i:batch"}, one("label_smoothing", 0.1), "[1]"},
        {&kSoftmaxCrossEntropy, {"batch*sequence,65", "i:batch,sequence"}, {}, "[1]"},
        {&kSoftmaxCrossEntropy, {"batch,10", "i:batch"}, one("ignore_index", std::int64_t{255}), "[1]"},
        {&kSoftmaxCrossEntropy, {"batch,10", "batch"}, {}, ""},
        {&kSoftmaxCrossEntropy, {"batch,10", "i:batch"}, one("label_smoothing", 1.0), ""},
        {&kLinearCrossEntropy, {"batch*sequence,128", "65,128", "i:batch,sequence"}, one("transB", on), "[1]"},
        {&kLinearCrossEntropy, {"batch,128", "128,10", "i:batch", "10"}, one("label_smoothing", 0.1), "[1]"},
        {&kLinearCrossEntropy, {"batch,128", "128,10", "i:batch", "9"}, {}, ""},
        {&kLinearCrossEntropy, {"batch,128", "10,128", "i:batch"}, {}, ""},
        {&kLinearCrossEntropy, {"batch,128", "128,10", "i:sequence"}, {}, ""},
        {&kLinearCrossEntropy, {"batch,128", "128,10", "i:batch"}, one("label_smoothing", 1.0), ""},
        {&kMeanSquaredError, {"batch,1", "batch,1"}, {}, "[1]"},
        {&kMeanSquaredError, {"batch,1", "batch,2"}, {}, ""},
    };
    static const std::vector<Row> all = [] {
        std::vector<Row> rows = own;
        for (const test::OperatorRow& row : test::operatorRows()) rows.push_back({test::entryOf(row), row.inputs, row.attributes, row.output, row.outputs});
        return rows;
    }();
    return all;
}

const Extents kExtents{{"batch", 4}, {"past", 2}, {"sequence", 6}};

ResolvedNode resolvedIn(const Graph& graph, const Node& node) {
    return plan::resolvedNode(node, plan::resolvedValues(graph, kExtents, plan::Precision::Fp32),
                              plan::Precision::Fp32);
}

/// The node of a row, with its graph: entries look at nodes, which belong to graphs.
struct Built {
    explicit Built(const Row& row) { addRow(graph, row); }
    ResolvedNode resolved() const { return resolvedIn(graph, graph.node(0)); }
    Graph graph;
};

}  // namespace

class TestOperators : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void shapesFollowFromInputsAndAttributes_data() {
        QTest::addColumn<int>("row");
        for (std::size_t i = 0; i < rows().size(); ++i)
            QTest::addRow("%zu %s", i, std::string(rows()[i].op->name).c_str()) << static_cast<int>(i);
    }
    void shapesFollowFromInputsAndAttributes() {
        QFETCH(int, row);
        const Row& each = rows()[static_cast<std::size_t>(row)];
        Graph graph;
        if (each.output.empty()) {
            QVERIFY_EXCEPTION_THROWN(addRow(graph, each), Error);
            return;
        }
        const auto outputs = addRow(graph, each);
        QCOMPARE(toString(graph.value(outputs.front()).type.shape), each.output);
    }

    void everyOperatorHasARowThatAppliesAndIsListedOnce() {
        std::set<const OpEntry*> applied;
        for (const Row& row : rows())
            if (!row.output.empty()) applied.insert(row.op);
        std::set<std::string> names;
        for (const OpEntry* op : allOps()) {
            QVERIFY2(applied.contains(op), std::string(op->name).c_str());
            QVERIFY(names.insert(std::string(op->domain) + ":" + std::string(op->name)).second);
        }
        QCOMPARE(applied.size(), allOps().size());
    }

    void savesAreWithinTheNodeAndExtrasAreNumberedInOrder() {
        for (const Row& row : rows()) {
            if (row.output.empty() || !row.op->saves) continue;
            const Built built(row);
            const ResolvedNode node = built.resolved();
            for (const DeviceKind device : {DeviceKind::Cpu, DeviceKind::Cuda}) {
                int extras = 0;
                std::set<std::pair<int, int>> seen;
                for (const Saved& saved : row.op->saves(node, device)) {
                    QVERIFY(seen.emplace(static_cast<int>(saved.from), saved.index).second);
                    if (saved.from == Saved::From::Extra) {
                        QCOMPARE(saved.index, extras++);
                        QVERIFY(saved.extra.bytes() > 0);
                    } else {
                        const bool input = saved.from == Saved::From::Input;
                        QVERIFY(saved.index < static_cast<int>(input ? node.inputs.size() : node.outputs.size()));
                    }
                }
            }
        }
    }

    void costsAreNeitherNegativeNorForgotten() {
        for (const Row& row : rows()) {
            if (row.output.empty()) continue;
            const char* name = row.op->name.data();
            QVERIFY2(row.op->cost, name);
            const Built built(row);
            const Cost cost = row.op->cost(built.resolved());
            QVERIFY2(
                cost.forwardFlops >= 0 && cost.backwardFlops >= 0 && cost.forwardBytes >= 0 && cost.backwardBytes >= 0,
                name);
            if (!row.op->workspace) continue;
            const Workspace workspace = row.op->workspace(built.resolved(), {});
            QVERIFY2(workspace.forward >= 0 && workspace.backward >= 0, name);
        }
    }

    void productsCountTwoAMultiplyAddAndTwiceThatBackward() {
        const Built conv({&kConv, {"batch,3,32,32", "16,3,3,3"}, window({3, 3}, {1, 1}, {1, 1, 1, 1}), ""});
        const Cost cost = kConv.cost(conv.resolved());
        QCOMPARE(cost.forwardFlops, 2.0 * 4 * 16 * 32 * 32 * 27);
        QCOMPARE(cost.backwardFlops, 2 * cost.forwardFlops);
        const Built gemm({&kGemm, {"batch,64", "10,64", "10"}, one("transB", std::int64_t{1}), ""});
        QCOMPARE(kGemm.cost(gemm.resolved()).forwardFlops, 2.0 * 4 * 64 * 10);
    }

    void channelLinksNameDimensionsThatExist() {
        for (const Row& row : rows()) {
            if (row.output.empty() || !row.op->channels) continue;
            const Built built(row);
            const NodeView view = viewOf(built.graph, built.graph.node(0));
            for (const ChannelLink& link : row.op->channels(view)) {
                const char* name = row.op->name.data();
                QVERIFY2(link.input < static_cast<int>(view.inputs.size()) &&
                             view.inputs[static_cast<std::size_t>(link.input)],
                         name);
                QVERIFY2(
                    link.inputDim < static_cast<int>(view.inputs[static_cast<std::size_t>(link.input)]->shape.size()),
                    name);
                QVERIFY2(link.output < static_cast<int>(view.outputs.size()), name);
                QVERIFY2(link.outputDim <
                             static_cast<int>(view.outputs[static_cast<std::size_t>(link.output)]->shape.size()),
                         name);
            }
        }
    }

    void flatteningTurnsAChannelIntoItsPixels() {
        const Built built({&kFlatten, {"batch,64,7,7"}, {}, ""});
        const auto links = kFlatten.channels(viewOf(built.graph, built.graph.node(0)));
        QCOMPARE(links.size(), std::size_t{1});
        QVERIFY(links[0].kind == ChannelLink::Kind::Repeats);
        QCOMPARE(links[0].factor, 49);
    }

    void picturesOfSeveralChannelsAreCopiedWhenFlattened() {
        const auto isView = [](const std::string& shape) {
            const Built built({&kFlatten, {shape}, {}, ""});
            return kFlatten.isView(built.resolved());
        };
        QVERIFY(!isView("batch,64,7,7"));
        QVERIFY(isView("batch,64,1,1"));
        QVERIFY(isView("batch,1,28,28"));
        QVERIFY(isView("batch,sequence,8"));
    }

    void shortSequencesTakeBatchedProductsOnTheCpuAndSaveProbabilities() {
        const std::string qkv = "batch,sequence,128";
        const Built built({&kAttention, {qkv, qkv, qkv}, heads(4), ""});
        const ResolvedNode node = built.resolved();
        QVERIFY(attentionAlgorithm(node, DeviceKind::Cpu) == AttentionAlgorithm::Batched);
        const auto saved = kAttention.saves(node, DeviceKind::Cpu);
        QCOMPARE(saved.back().extra.shape, (Numbers{4, 4, 6, 6}));
    }

    void aCacheGrowsByTheNewKeys() {
        const std::string qkv = "batch,sequence,8", past = "batch,2,past,4";
        const Built built({&kAttention, {qkv, qkv, qkv, "", past, past}, heads(2), "", 4});
        const Node& node = built.graph.node(0);
        QCOMPARE(toString(built.graph.value(node.outputs[1]).type.shape), "[batch, 2, past+sequence, 4]");
        QCOMPARE(toString(built.graph.value(node.outputs[3]).type.shape), "[batch, 2, sequence, past+sequence]");
        QCOMPARE(graph::resolved(built.graph.value(node.outputs[1]).type.shape, kExtents), (Numbers{4, 2, 8, 4}));
    }

    void everyOtherFormOfAttentionIsASegmentThatSavesItsInputs() {
        const std::string qkv = "batch,sequence,8";
        const Built masked({&kAttention, {qkv, qkv, qkv, "b:sequence,sequence"}, heads(2), ""});
        QVERIFY(attentionAlgorithm(masked.resolved(), DeviceKind::Cpu) == AttentionAlgorithm::Composed);
        QVERIFY(attentionAlgorithm(masked.resolved(), DeviceKind::Cuda) == AttentionAlgorithm::Composed);
        QCOMPARE(kAttention.saves(masked.resolved(), DeviceKind::Cpu).size(), std::size_t{4});
    }

    void longSequencesSaveOutputAndStatistics() {
        const std::string qkv = "batch,1024,128";
        const Built built({&kAttention, {qkv, qkv, qkv}, heads(4), ""});
        const ResolvedNode node = built.resolved();
        QVERIFY(attentionAlgorithm(node, DeviceKind::Cpu) == AttentionAlgorithm::Flash);
        const auto saved = kAttention.saves(node, DeviceKind::Cpu);
        QVERIFY(saved[3].from == Saved::From::Output);
        QCOMPARE(saved.back().extra, (ResolvedTensor{DType::F32, {4, 4, 1024}}));
        QVERIFY(attentionAlgorithm(node, DeviceKind::Cuda) == AttentionAlgorithm::Efficient);
    }

    void aMaxPoolSavesOneByteAnOutputElementOnly() {
        const Built built({&kMaxPool, {"batch,32,28,28"}, window({2, 2}, {2, 2}), ""});
        const auto saved = kMaxPool.saves(built.resolved(), DeviceKind::Cpu);
        QCOMPARE(saved.size(), std::size_t{1});
        QCOMPARE(saved[0].extra.bytes(), Bytes{4 * 32 * 14 * 14});
    }
};

HEADROOM_TEST(TestOperators)
#include "tst_operators.moc"
