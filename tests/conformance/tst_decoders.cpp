// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/graph/op_entry.h"
#include "conformance/made_cases.h"
#include "conformance/node_case.h"
#include "support/registry.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

/// Sums in another order.
constexpr test::Tolerance kOfSums{.relative = 1e-3, .absolute = 1e-5};

const test::MadeCases& cases() {
    static const test::MadeCases made(QStringLiteral(HEADROOM_DECODERS));
    return made;
}

/// "causal", "masked", "apart": how a graph has its only attention.
std::string wayOf(const graph::Graph& net) {
    const auto node = std::ranges::find_if(net.nodes(), [](const graph::Node& each) { return each.op->name == "Attention"; });
    if (node == net.nodes().end()) return "apart";
    return node->inputs.size() > 3 ? "masked" : node->integer("is_causal", 0) != 0 ? "causal" : "open";
}

}  // namespace

/// Decoders whose length is free, in the forms that other programs give their masks, against ONNX Runtime (generate_decoders.py).
class Decoders : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        if (!qEnvironmentVariableIsSet("HEADROOM_PYTHON")) QSKIP("HEADROOM_PYTHON is not set");
        QVERIFY2(cases().problem().empty(), cases().problem().c_str());
        QVERIFY(cases().folders().size() > 40);
    }

    void theirAttentionIsRecognisedWhereItIsOne() {
        for (const fs::path& each : cases().folders()) {
            const std::string name = each.filename().string(), expected = name.substr(0, name.find('-'));
            const graph::Graph net = formats::readOnnx(each / "model.onnx").graph;
            QVERIFY2(wayOf(net) == expected, (name + ": " + wayOf(net)).c_str());
            QCOMPARE(graph::toString(net.value(net.inputs()[0]).type.shape), std::string("[batch, time]"));
        }
    }

    void theyGiveTheNumbersOfOnnxRuntimeAtEveryLength() {
        const QString wrong = cases().differences(kOfSums);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }

    void writtenAtOpset17TheyGiveThemAgain() {
        const QString wrong = cases().differencesWrittenAgain(17, kOfSums);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
};

HEADROOM_TEST(Decoders)
#include "tst_decoders.moc"
