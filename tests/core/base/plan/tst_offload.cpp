// SPDX-License-Identifier: Apache-2.0
#include "base/plan/offload.h"

#include <algorithm>

#include "base/graph/rewrites/rewrite.h"
#include "base/plan/process_peak.h"
#include "base/plan/roofline.h"
#include "base/plan/step_plan.h"
#include "core/base/graph/nets.h"
#include "core/base/plan/replay.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

graph::Graph netOf(const test::NetCase& net) {
    graph::Graph graph = graph::fusedForTraining(test::trainingGraph(net));
    graph.setOutputs({graph.outputs().front()});
    return graph;
}
graph::Graph residual() { return netOf({"resnet20", test::pictures(3, 32)}); }

StepOptions step(Offload offload, Bytes budget = 0) {
    StepOptions options;
    options.extents = {{"batch", 16}, {"sequence", 128}};
    options.offload = offload;
    options.budget = budget;
    return options;
}

/// What the process adds.
Bytes needOf(const graph::Graph& graph, const StepPlan& step) { return processPeak(graph, step, graph::DeviceKind::Cpu); }

/// By instruction: whether the memory of a slot is read, written or released there.
bool touches(const Program& program, const Instruction& instruction, SlotId slot) {
    const auto memory = [&](SlotId id) { return id != graph::kNone && program.slots[static_cast<std::size_t>(id)].aliasOf != graph::kNone ? program.slots[static_cast<std::size_t>(id)].aliasOf : id; };
    const auto isIt = [&](SlotId id) { return id != graph::kNone && memory(id) == memory(slot); };
    for (const auto* slots : {&instruction.inputs, &instruction.outputs, &instruction.extras, &instruction.outputGradients, &instruction.release})
        if (std::ranges::any_of(*slots, isIt)) return true;
    return std::ranges::any_of(instruction.casts, [&](const Cast& cast) { return isIt(cast.from) || isIt(cast.to); });
}

}  // namespace

class TestOffload : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatIsOutsideIsNeverTouched_data() {
        QTest::addColumn<int>("net");
        QTest::addColumn<bool>("low");
        QTest::addColumn<int>("recompute");
        for (int net = 0; net < 4; ++net)
            for (const bool low : {false, true})
                for (const auto recompute : {Recompute::Off, Recompute::Cheap, Recompute::Blocks})
                    QTest::addRow("%s %s %d", test::fourNets()[static_cast<std::size_t>(net)].name.c_str(), low ? "bf16" : "fp32", static_cast<int>(recompute))
                        << net << low << static_cast<int>(recompute);
    }
    void whatIsOutsideIsNeverTouched() {
        QFETCH(int, net);
        QFETCH(bool, low);
        QFETCH(int, recompute);
        const graph::Graph graph = netOf(test::fourNets()[static_cast<std::size_t>(net)]);
        StepOptions options = step(Offload::Activations);
        options.precision = low ? Precision::Bf16 : Precision::Fp32;
        options.recompute = static_cast<Recompute>(recompute);
        options.microBatches = 2;
        const StepPlan made = plan::plan(graph, options);
        for (const Program* program : {&made.first, &made.next}) {
            const test::Replay replay(graph, *program);
            QVERIFY2(replay.faults().empty(), replay.faults().empty() ? "" : replay.faults().front().c_str());
            if (net > 0) QVERIFY(bytesOut(*program) > 0);  // the first one is small
        }
        BytesByKind live{};
        Bytes now = 0, largest = 0;
        for (const StepChange& each : made.changes) {
            live[static_cast<std::size_t>(each.change.kind)] += each.change.bytes;
            largest = std::max(largest, now += each.change.bytes);
        }
        QVERIFY(live == made.moments.front().live);
        QCOMPARE(made.peak, largest);
    }

    void whatWaitsGoesAfterItsLastForwardAndComesBeforeItsFirstBackward() {
        const graph::Graph graph = residual();
        const Program program = plan::plan(graph, step(Offload::Activations)).first;
        for (std::size_t i = 0; i < program.instructions.size(); ++i)
            for (const Outside& each : program.instructions[i].stores) {
                QVERIFY(touches(program, program.instructions[i], each.slot));
                QVERIFY(program.instructions[i].what == Instruction::What::Forward);
                std::size_t back = i + 1;
                while (!touches(program, program.instructions[back], each.slot)) ++back;
                QVERIFY(program.instructions[back].what == Instruction::What::Backward);
                QVERIFY(std::ranges::any_of(program.instructions[back].fetches, [&](const Outside& fetch) { return fetch.place == each.place; }));
            }
    }

    void placesDoNotOverlap() {
        const Program program = plan::plan(residual(), step(Offload::Activations)).first;
        std::vector<std::pair<Bytes, Bytes>> places;
        for (const Instruction& instruction : program.instructions)
            for (const Outside& each : instruction.stores) places.emplace_back(each.place, program.slots[static_cast<std::size_t>(each.slot)].tensor.bytes());
        std::ranges::sort(places);
        for (std::size_t i = 1; i < places.size(); ++i) QVERIFY(places[i - 1].first + places[i - 1].second <= places[i].first);
        QVERIFY(places.back().first + places.back().second <= program.outside);
    }

    void thePeakFalls() {
        for (const test::NetCase& net : test::fourNets()) {
            const graph::Graph graph = netOf(net);
            const Bytes inMemory = plan::plan(graph, step(Offload::Off)).peak, outside = plan::plan(graph, step(Offload::Activations)).peak;
            QVERIFY2(net.name == "mlp" ? outside <= inMemory : outside < inMemory * 3 / 4, qPrintable(QString("%1: %2 of %3").arg(QString::fromStdString(net.name)).arg(outside).arg(inMemory)));
        }
    }

    void autoMovesNoMoreThanTheBudgetNeeds() {
        const graph::Graph graph = residual();
        const StepPlan plain = plan::plan(graph, step(Offload::Off)), all = plan::plan(graph, step(Offload::Activations));
        QVERIFY(plan::plan(graph, step(Offload::Auto, needOf(graph, plain))).offload.empty());
        Bytes before = 0;
        for (const int percent : {80, 50, 20}) {
            const Bytes budget = needOf(graph, all) + (needOf(graph, plain) - needOf(graph, all)) * percent / 100;
            const StepPlan made = plan::plan(graph, step(Offload::Auto, budget));
            QVERIFY(needOf(graph, made) <= budget);
            QVERIFY(bytesOut(made.first) > before && bytesOut(made.first) < bytesOut(all.first));
            before = bytesOut(made.first);
        }
        QCOMPARE(plan::plan(graph, step(Offload::Auto, 1)).peak, all.peak);
    }

    void thingsAreMadeAgainBeforeTheyGoOut() {
        const graph::Graph graph = residual();
        StepOptions options = step(Offload::Off);
        options.recompute = Recompute::Blocks;
        const Bytes budget = needOf(graph, plan::plan(graph, options));
        options = step(Offload::Auto, budget);
        options.recompute = Recompute::Auto;
        const StepPlan made = plan::plan(graph, options);
        QVERIFY(needOf(graph, made) <= budget && made.offload.empty() && !made.recompute.empty());
        const graph::Graph decoder = netOf({"gpt_mini", test::text()});
        options.budget = 1;
        QVERIFY(!plan::plan(decoder, options).offload.empty());
    }

    void itsTimeIsThatOfTheWayThereAndBack() {
        const graph::Graph graph = residual();
        DeviceModel device = deviceModel("RTX 4090");
        const Program whole = plan::plan(graph, step(Offload::Off)).first, moved = plan::plan(graph, step(Offload::Activations)).first;
        const double extra = rooflineSeconds(graph, moved, device) - rooflineSeconds(graph, whole, device);
        const double expected = 2 * static_cast<double>(bytesOut(moved)) / device.outside;
        QVERIFY(std::abs(extra - expected) < 1e-9);
    }
};

HEADROOM_TEST(TestOffload)
#include "tst_offload.moc"
