// SPDX-License-Identifier: Apache-2.0
#include "base/plan/owners.h"

#include <algorithm>

#include "base/graph/rewrites/rewrite.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

struct Planned {
    graph::Graph graph;
    StepPlan step;
};

Planned planned(const test::NetCase& net, std::int64_t batch, std::int64_t microBatches = 1, Precision precision = Precision::Fp32) {
    Planned made{graph::fusedForTraining(test::trainingGraph(net)), {}};
    StepOptions options;
    options.extents = {{"batch", batch}, {"sequence", 128}};
    options.microBatches = microBatches;
    options.precision = precision;
    options.ema = true;
    options.batchesAhead = 2;
    made.step = plan::plan(made.graph, options);
    return made;
}

const Owner* find(const std::vector<Owner>& owners, std::string_view name) {
    const auto at = std::ranges::find(owners, name, &Owner::name);
    return at == owners.end() ? nullptr : &*at;
}

}  // namespace

class Owners : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ownersAddUpToThePeakKindByKind_data() {
        QTest::addColumn<int>("net");
        QTest::addColumn<int>("batch");
        QTest::addColumn<int>("parts");
        QTest::addColumn<bool>("bf16");
        for (int net = 0; net < 4; ++net)
            for (const int batch : {1, 16})
                for (const int parts : {1, 4})
                    for (const bool bf16 : {false, true})
                        QTest::addRow("%s %d x %d %s", test::fourNets()[std::size_t(net)].name.c_str(), batch, parts, bf16 ? "bf16" : "fp32")
                            << net << batch << parts << bf16;
    }
    void ownersAddUpToThePeakKindByKind() {
        QFETCH(int, net);
        QFETCH(int, batch);
        QFETCH(int, parts);
        QFETCH(bool, bf16);
        const Planned made = planned(test::fourNets()[std::size_t(net)], batch, parts, bf16 ? Precision::Bf16 : Precision::Fp32);
        BytesByKind sum{};
        for (const Owner& owner : ownersAtPeak(made.graph, made.step)) {
            QVERIFY(owner.bytes > 0);
            sum[std::size_t(owner.kind)] += owner.bytes;
        }
        QVERIFY(sum == made.step.atPeak);
    }

    void theLargestComesFirst() {
        const Planned made = planned({"resnet20", test::pictures(3, 32)}, 64);
        const std::vector<Owner> owners = ownersAtPeak(made.graph, made.step);
        QVERIFY(std::ranges::is_sorted(owners, std::greater{}, &Owner::bytes));
        QVERIFY(owners.front().kind == Kind::Activations);
    }

    void anOwnerNamesTheNodeThatMakesOrReadsIt() {
        const Planned made = planned({"cnn", test::pictures(1, 28)}, 16);
        const std::vector<Owner> owners = ownersAtPeak(made.graph, made.step);
        for (const Owner& owner : owners) {
            if (owner.what == Owner::What::Beside) continue;
            QVERIFY2(owner.node != graph::kNone, owner.name.c_str());
            const graph::ValueId value = made.graph.find(owner.name);
            if (value == graph::kNone) continue;  // saved or a gradient
            const graph::Node& node = made.graph.node(owner.node);
            const bool makes = std::ranges::count(node.outputs, value) > 0, reads = std::ranges::count(node.inputs, value) > 0;
            QVERIFY2(owner.kind == Kind::Activations ? makes : reads, owner.name.c_str());
        }
    }

    void anOwnerIsThereAtThePeak() {
        const Planned made = planned({"resnet20", test::pictures(3, 32)}, 8, 4);
        QVERIFY(made.step.peakStage == Stage::Next);
        for (const Owner& owner : ownersAtPeak(made.graph, made.step))
            QVERIFY2(owner.from <= made.step.peakInstruction && owner.to >= made.step.peakInstruction, owner.name.c_str());
    }

    void optimizerStateAveragesAndWaitingBatchesStandBeside() {
        const Planned made = planned({"mlp", test::table(108, 2)}, 64);
        const std::vector<Owner> owners = ownersAtPeak(made.graph, made.step);
        for (const Kind kind : {Kind::Optimizer, Kind::Ema, Kind::Batches})
            QVERIFY(std::ranges::any_of(owners, [&](const Owner& owner) { return owner.what == Owner::What::Beside && owner.kind == kind; }));
        const Owner* weight = find(owners, made.graph.value(made.graph.parameters().front()).name);
        QVERIFY(weight && weight->kind == Kind::Weights);
    }

    void atTheUpdateWeightsAndGradientsAreLeft() {
        Planned made = planned({"cnn", test::pictures(1, 28)}, 16);
        const Moment& update = made.step.moments.back();
        made.step.peakStage = Stage::Update;
        made.step.atPeak = update.live;
        BytesByKind sum{};
        for (const Owner& owner : ownersAtPeak(made.graph, made.step)) sum[std::size_t(owner.kind)] += owner.bytes;
        QVERIFY(sum == update.live);
    }
};

HEADROOM_TEST(Owners)
#include "tst_owners.moc"
