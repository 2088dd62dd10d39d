// SPDX-License-Identifier: Apache-2.0
#include "base/plan/planner.h"

#include "base/graph/rewrites/rewrite.h"
#include "base/plan/process_peak.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

graph::Graph netOf(int index) {
    graph::Graph graph = graph::fusedForTraining(test::trainingGraph(test::fourNets()[static_cast<std::size_t>(index)]));
    graph.setOutputs({graph.outputs().front()});
    return graph;
}

StepOptions step(std::int64_t batch, std::int64_t microBatches) {
    StepOptions options;
    options.extents = {{"batch", batch}, {"sequence", 64}};
    options.microBatches = microBatches;
    options.undo = true;
    options.batchesAhead = 4;
    return options;
}

/// Steps that differ in one thing each, what stays beside and what is done about memory included.
std::vector<StepOptions> manySteps() {
    std::vector<StepOptions> all;
    for (const std::int64_t microBatches : {1, 3}) {
        const StepOptions plain = step(32, microBatches);
        const auto add = [&](auto change) { change(all.emplace_back(plain)); };
        add([](StepOptions&) {});
        add([](StepOptions& each) { each.extents["batch"] = 7; });
        add([](StepOptions& each) { each.precision = Precision::Bf16; });
        add([](StepOptions& each) { each.optimizer.format = StateFormat::EightBit; });
        add([](StepOptions& each) { each.optimizer = {.moments = 0, .hasCounter = true}; });
        add([](StepOptions& each) { each.ema = true; });
        add([](StepOptions& each) { each.batchesAhead = 1; });
        add([](StepOptions& each) { each.batchesAhead = 1, each.ema = true; });
        add([](StepOptions& each) { each.keepsBest = true; });
        add([](StepOptions& each) { each.keepsBest = true, each.optimizer.format = StateFormat::Bf16; });
        add([](StepOptions& each) { each.optimizerInBackward = true; });
        add([](StepOptions& each) { each.recompute = Recompute::Blocks; });
        add([](StepOptions& each) { each.offload = Offload::Activations; });
        add([](StepOptions& each) { each.recompute = Recompute::Cheap, each.offload = Offload::Activations; });
        add([](StepOptions& each) { each.device = graph::DeviceKind::Cuda; });
    }
    return all;
}

}  // namespace

class PlannerRules : public QObject {
    Q_OBJECT
    void eachNet() {
        QTest::addColumn<int>("net");
        for (int net = 0; net < 4; ++net) QTest::newRow(test::fourNets()[static_cast<std::size_t>(net)].name.c_str()) << net;
    }
private Q_SLOTS:
    void whatIsKnownOfAStepIsWhatItsPlanSays_data() { eachNet(); }
    void whatIsKnownOfAStepIsWhatItsPlanSays() {
        QFETCH(int, net);
        const graph::Graph graph = netOf(net);
        Planner planner(graph);
        for (int again = 0; again < 2; ++again)
            for (const StepOptions& options : manySteps()) {
                const StepPlan made = plan::plan(graph, options);
                QCOMPARE(planner.peak(options), made.peak);
                QCOMPARE(planner.processPeak(options), processPeak(graph, made, options.device));
                for (const Bytes budget : {made.peak / 2, 2 * made.peak})
                    QCOMPARE(planner.processNeed(options, budget), processNeed(graph, made, options.device, budget));
                QCOMPARE(planner.plan(options).peak, made.peak);
            }
    }

    void aChoiceForABudgetDoesNotDependOnWhatWasAskedBefore_data() { eachNet(); }
    void aChoiceForABudgetDoesNotDependOnWhatWasAskedBefore() {
        QFETCH(int, net);
        const graph::Graph graph = netOf(net);
        Planner planner(graph);
        for (StepOptions options : manySteps()) {
            const Bytes whole = planner.processPeak(options), fixed = fixedPart(graph, options.device);
            options.recompute = Recompute::Auto;
            if (options.offload == Offload::Off) options.offload = Offload::Auto;
            options.budget = fixed + (whole - fixed) / 2;
            const StepPlan remembered = planner.plan(options), anew = plan::plan(graph, options);
            QVERIFY(remembered.recompute == anew.recompute && remembered.offload == anew.offload);
            QCOMPARE(planner.peak(options), anew.peak);
        }
    }

    void theFirstMicroBatchTakesNoMoreThanTheOthers_data() { eachNet(); }
    void theFirstMicroBatchTakesNoMoreThanTheOthers() {
        QFETCH(int, net);
        const graph::Graph graph = netOf(net);
        for (const StepOptions& options : manySteps()) {
            const StepPlan made = plan::plan(graph, options);
            if (options.microBatches > 1) QVERIFY(made.first.peak <= made.next.peak);
        }
    }
};

HEADROOM_TEST(PlannerRules)
#include "tst_planner.moc"
