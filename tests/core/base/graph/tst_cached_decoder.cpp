// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <map>

#include "base/graph/ops/attention.h"
#include "base/graph/rewrites/cached_decoder.h"
#include "base/plan/program.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;
using headroom::test::shapeOf;

namespace {

std::map<std::string, int> operators(const Graph& graph) {
    std::map<std::string, int> counts;
    for (const Node& node : graph.nodes()) ++counts[std::string(node.op->name)];
    return counts;
}

std::vector<std::string> described(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> out;
    for (const ValueId id : ids) out.push_back(graph.value(id).name + toString(graph.value(id).type.shape));
    return out;
}

Attributes heads(std::int64_t causal = 1) { return {{"is_causal", causal}, {"q_num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}}; }

/// tokens -> embedding of 6 -> whatever comes -> causal attention -> whatever comes -> a row of 5 logits a token.
struct Speaker {
    Graph graph;
    ValueId tokens, x;

    Speaker() {
        tokens = graph.addInput("tokens", {DType::I64, shapeOf("batch,sequence")});
        x = add("Gather", "embedded", {parameter("table", "5,6"), tokens});
    }
    ValueId parameter(const std::string& name, const std::string& shape) { return graph.addParameter(name, {DType::F32, shapeOf(shape)}, {}); }
    ValueId add(const char* op, const std::string& name, std::vector<ValueId> inputs, Attributes attributes = {}, int outputs = 0) {
        const OpEntry* entry = findOp(op) ? findOp(op) : findOp(op, "headroom");
        return graph.addNode(*entry, name, std::move(inputs), std::move(attributes), {}, outputs).front();
    }
    void attend(std::int64_t causal = 1) { x = add("Attention", "attention", {x, x, x}, heads(causal)); }
    void speak() {
        const ValueId rows = add("Reshape", "rows", {x, graph.addConstant("rows.shape", {-1, 6})});
        graph.setOutputs({add("MatMul", "logits", {rows, parameter("head", "6,5")})});
    }
};

/// The speaker with something between embedding and attention, and between attention and logits.
bool isCached(const std::function<void(Speaker&)>& before, const std::function<void(Speaker&)>& after = {}) {
    Speaker net;
    if (before) before(net);
    net.attend();
    if (after) after(net);
    net.speak();
    return cachedDecoder(net.graph).has_value();
}

Graph decoder(const std::string& arch, std::int64_t context = 12) {
    models::DataShape data = test::text(17);
    data.context = context;
    models::ModelOptions size{.dropout = 0.1};
    if (arch == "gpt") size = {.dropout = 0.1, .width = 32, .layers = 3, .heads = 4};
    return models::build(arch, data, size);
}

}  // namespace

class CachedDecoderRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyAttentionOfABuiltInDecoderTakesAPast_data() {
        QTest::addColumn<QString>("arch");
        QTest::addColumn<int>("layers");
        QTest::addColumn<QString>("past");
        QTest::newRow("gpt_mini") << "gpt_mini" << 4 << "[batch, 4, past, 32]";
        QTest::newRow("gpt") << "gpt" << 3 << "[batch, 4, past, 8]";
    }
    void everyAttentionOfABuiltInDecoderTakesAPast() {
        QFETCH(QString, arch);
        QFETCH(int, layers);
        QFETCH(QString, past);
        const Graph net = decoder(arch.toStdString());
        const auto made = cachedDecoder(net);
        QVERIFY(made);
        const Graph& step = made->step;
        std::vector<std::string> inputs{"tokens[batch, sequence]", "positions[sequence]"};
        for (int k = 0; k < layers; ++k)
            for (const char* what : {"key", "value"}) inputs.push_back("h/" + std::to_string(k) + "/attn.past_" + what + past.toStdString());
        QCOMPARE(described(step, step.inputs()), inputs);
        QCOMPARE(described(step, step.parameters()), described(net, net.parameters()));
        auto expected = operators(net);
        expected.erase("AddPositions");
        ++expected["Gather"], ++expected["Add"];
        QCOMPARE(operators(step), expected);
        for (const Node& node : step.nodes())
            if (node.op == &kAttention) QVERIFY(node.inputs.size() == 6 && node.inputs[3] == kNone && node.integer("is_causal", 0) == 1);
    }

    void whatACacheTakesUpFollowsTheLogits() {
        const Graph net = decoder("gpt_mini");
        const auto made = cachedDecoder(net);
        const std::vector<ValueId>& outputs = made->step.outputs();
        QCOMPARE(outputs.size(), std::size_t(9));
        QCOMPARE(described(made->step, {outputs.front()}), described(net, net.outputs()));
        QCOMPARE(described(made->step, {outputs.begin() + 1, outputs.end()}), described(net, made->kept));
        QCOMPARE(toString(made->step.value(outputs[1]).type.shape), std::string("[batch, sequence, 128]"));
    }

    void aStepComputesTheNewTokensAlone() {
        const auto made = cachedDecoder(decoder("gpt_mini"));
        const auto logits = [&](std::int64_t tokens, std::int64_t past) {
            plan::LowerOptions options;
            options.mode = plan::Mode::Inference;
            options.extents = {{"batch", 1}, {"sequence", tokens}, {"past", past}};
            const plan::Program program = plan::lower(made->step, options);
            return program.slots[static_cast<std::size_t>(program.kept.front())].tensor.shape;
        };
        QCOMPARE(logits(1, 7), (std::vector<std::int64_t>{1, 17}));
        QCOMPARE(logits(3, 2), (std::vector<std::int64_t>{3, 17}));
    }

    void aHeadOfItsOwnWeightsIsNoObstacle() {
        QVERIFY(isCached({}));
        Speaker tied;
        tied.attend();
        const ValueId rows = tied.add("Reshape", "rows", {tied.x, tied.graph.addConstant("rows.shape", {-1, 6})});
        tied.graph.setOutputs({tied.add("Gemm", "logits", {rows, tied.graph.find("table")}, {{"transB", std::int64_t{1}}})});
        QVERIFY(cachedDecoder(tied.graph));
    }

    void whatComputesEachTokenByItselfIsNoObstacle() {
        QVERIFY(isCached([](Speaker& net) { net.x = net.add("RMSNormalization", "norm", {net.x, net.parameter("scale", "6")}); },
                         [](Speaker& net) { net.x = net.add("Tanh", "tanh", {net.add("Mul", "twice", {net.x, net.parameter("two", "1")})}); }));
        QVERIFY(isCached([](Speaker& net) { net.x = net.add("AddPositions", "placed", {net.x, net.parameter("places", "8,6")}); }));
        QVERIFY(isCached({}, [](Speaker& net) { net.x = net.add("Softmax", "shares", {net.x}); }));
    }

    void headsInADimensionOfTheirOwnArePossible() {
        Speaker net;
        const ValueId apart = net.add("Reshape", "apart", {net.x, net.graph.addConstant("apart.shape", {0, 0, 2, 3})});
        const ValueId byHead = net.add("Transpose", "by_head", {apart}, {{"perm", std::vector<std::int64_t>{0, 2, 1, 3}}});
        const ValueId mixed = net.add("Attention", "attention", {byHead, byHead, byHead}, {{"is_causal", std::int64_t{1}}});
        const ValueId back = net.add("Transpose", "back", {mixed}, {{"perm", std::vector<std::int64_t>{0, 2, 1, 3}}});
        net.x = net.add("Reshape", "together", {back, net.graph.addConstant("together.shape", {0, 0, 6})});
        net.speak();
        const auto made = cachedDecoder(net.graph);
        QVERIFY(made);
        QCOMPARE(toString(made->step.value(made->step.inputs().back()).type.shape), std::string("[batch, 2, past, 3]"));
    }

    void aNameThatTheNetHasIsLeftToIt() {
        Speaker net;
        net.x = net.add("Add", "positions", {net.x, net.parameter("attention.past_key", "6")});
        net.attend();
        net.speak();
        const auto made = cachedDecoder(net.graph);
        QVERIFY(made);
        QCOMPARE(described(made->step, made->step.inputs())[1], std::string("positions_[sequence]"));
        QCOMPARE(described(made->step, made->step.inputs())[2], std::string("attention.past_key_[batch, 2, past, 3]"));
    }

    void aNetThatMixesTokensInAnotherWayIsLeftAlone_data() {
        QTest::addColumn<QString>("how");
        for (const char* how : {"all see all", "a mask", "a running sum", "a product of tokens", "shares among tokens", "the order turned", "heads before tokens",
                                "a mean", "tokens of another place", "scores told", "a second input", "no attention", "a recurrent layer"})
            QTest::newRow(how) << how;
    }
    void aNetThatMixesTokensInAnotherWayIsLeftAlone() {
        QFETCH(QString, how);
        Speaker net;
        const ValueId x = net.x;
        const auto put = [&](const char* op, std::vector<ValueId> inputs, Attributes attributes = {}) { net.x = net.add(op, "mixed", std::move(inputs), std::move(attributes)); };
        const std::vector<std::int64_t> swapped{0, 2, 1};
        if (how == "a running sum") put("CumSum", {x, net.graph.addConstant("axis", {DType::I64, {}}, {1}, {})});
        if (how == "shares among tokens") put("Softmax", {x}, {{"axis", std::int64_t{1}}});
        if (how == "a mean") put("Sub", {x, net.add("ReduceMean", "mean", {x, net.graph.addConstant("axes", {1})})});
        if (how == "tokens of another place") put("Gather", {x, net.graph.addConstant("first", {0, 0})}, {{"axis", std::int64_t{1}}});
        if (how == "a second input") put("Add", {x, net.graph.addInput("bias", {DType::F32, shapeOf("batch,sequence,6")})});
        if (how == "a recurrent layer") put("Squeeze", {net.add("GRU", "gru", {net.add("Transpose", "by_time", {x}, {{"perm", std::vector<std::int64_t>{1, 0, 2}}}),
                                                                               net.parameter("w", "1,18,6"), net.parameter("r", "1,18,6")},
                                                                {{"hidden_size", std::int64_t{6}}}), net.graph.addConstant("direction", {1})});
        if (how == "a recurrent layer") net.x = net.add("Transpose", "by_batch", {net.x}, {{"perm", std::vector<std::int64_t>{1, 0, 2}}});
        if (how == "a product of tokens") put("MatMul", {net.add("MatMul", "scores", {x, net.add("Transpose", "turned", {x}, {{"perm", swapped}})}), x});
        if (how == "the order turned") {
            const ValueId turned = net.add("Transpose", "turned", {x}, {{"perm", swapped}});
            put("Reshape", {turned, net.graph.addConstant("again", {0, -1, 6})});
        }
        if (how == "heads before tokens") {
            const ValueId apart = net.add("Reshape", "apart", {x, net.graph.addConstant("apart.shape", {0, 0, 2, 3})});
            const ValueId byHead = net.add("Transpose", "by_head", {apart}, {{"perm", std::vector<std::int64_t>{0, 2, 1, 3}}});
            put("Reshape", {byHead, net.graph.addConstant("again", {0, -1, 6})});
        }
        const Attributes causal = heads();
        if (how == "a mask") net.x = net.add("Attention", "attention", {x, x, x, net.graph.addConstant("mask", {DType::F32, fixedShape({1})}, {}, {0.0})}, causal);
        else if (how == "scores told") net.x = net.add("Attention", "attention", {x, x, x}, causal, 3);
        else if (how != "no attention") net.attend(how == "all see all" ? 0 : 1);
        net.speak();
        QVERIFY(!cachedDecoder(net.graph));
    }

    void ofTheArchitecturesTheDecodersAloneAreRewritten() {
        for (const test::NetCase& net : test::everyNet())
            QCOMPARE(cachedDecoder(models::build(net.name, net.data, net.options)).has_value(), net.name.starts_with("gpt"));
    }
};

HEADROOM_TEST(CachedDecoderRules)
#include "tst_cached_decoder.moc"
