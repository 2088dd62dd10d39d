// SPDX-License-Identifier: Apache-2.0
#include "base/plan/assembly.h"

#include <algorithm>
#include <utility>

namespace headroom::plan {

using graph::Graph;
using graph::kNone;

namespace {

std::size_t at(Kind kind) { return static_cast<std::size_t>(kind); }

std::vector<std::int64_t> trainedElements(const Graph& graph, const Program& program) {
    std::vector<std::int64_t> elements;
    for (const graph::ValueId id : graph.trained()) {
        const SlotId slot = program.valueSlots[static_cast<std::size_t>(id)];
        elements.push_back(program.slots[static_cast<std::size_t>(slot)].tensor.elements());
    }
    return elements;
}

BytesByKind sum(const BytesByKind& a, const BytesByKind& b) {
    BytesByKind out{};
    for (std::size_t i = 0; i < kKinds; ++i) out[i] = a[i] + b[i];
    return out;
}

/// Puts the stages one after another.
class Assembly {
public:
    Assembly(StepPlan& plan, const BytesByKind& beside) : m_plan(plan), m_beside(beside) {}

    void resident(const Program& first) {
        BytesByKind live = m_beside;
        live[at(Kind::Weights)] += first.liveBefore[at(Kind::Weights)];
        for (std::size_t kind = 0; kind < kKinds; ++kind)
            if (live[kind] != 0) change(Stage::Resident, {0, static_cast<Kind>(kind), kNone, live[kind]});
        moment(Stage::Resident, 0, live);
    }

    /// A program's own changes, without the weights (resident) and the gradients that it finds; at its end the caller
    /// lets go of the inputs and of what was kept.
    void program(Stage stage, const Program& program) {
        BytesByKind left = program.liveBefore;
        std::size_t given = 0;
        while (total(left) > 0) left[at(program.changes[given].kind)] -= program.changes[given].bytes, ++given;
        for (std::size_t i = 0; i < program.changes.size(); ++i)
            if (i >= given || program.changes[i].kind == Kind::Batches) change(stage, program.changes[i]);
        for (std::size_t i = 0; i < program.instructions.size(); ++i)
            moment(stage, static_cast<std::uint32_t>(i), sum(program.instructions[i].liveAfter, m_beside));
        consider(stage, static_cast<std::uint32_t>(program.peakInstruction), sum(program.atPeak, m_beside));
        letGo(stage, program);
    }

    void update(const Program& last) {
        BytesByKind live = m_beside;
        live[at(Kind::Weights)] += last.liveBefore[at(Kind::Weights)];
        const Bytes gradients = last.instructions.back().liveAfter[at(Kind::Gradients)];
        live[at(Kind::Gradients)] = gradients;
        moment(Stage::Update, 0, live);
        change(Stage::Update, {0, Kind::Gradients, kNone, -gradients});
    }

private:
    void change(Stage stage, const Change& each) { m_plan.changes.push_back({stage, each}); }

    void letGo(Stage stage, const Program& program) {
        const BytesByKind& end = program.instructions.back().liveAfter;
        const auto last = static_cast<std::uint32_t>(program.instructions.size() - 1);
        for (const Kind kind : {Kind::Activations, Kind::Batches})
            if (end[at(kind)] != 0) change(stage, {last, kind, kNone, -end[at(kind)]});
    }

    void moment(Stage stage, std::uint32_t instruction, const BytesByKind& live) {
        m_plan.moments.push_back({stage, instruction, live});
        consider(stage, instruction, live);
    }

    void consider(Stage stage, std::uint32_t instruction, const BytesByKind& live) {
        if (total(live) <= m_plan.peak) return;
        m_plan.peak = total(live);
        m_plan.atPeak = live;
        m_plan.peakStage = stage;
        m_plan.peakInstruction = instruction;
    }

    StepPlan& m_plan;
    const BytesByKind m_beside;
};

Bytes bytesOf(const Program& program, const std::vector<graph::ValueId>& ids) {
    Bytes sum = 0;
    for (const graph::ValueId id : ids)
        sum += program.slots[static_cast<std::size_t>(program.valueSlots[static_cast<std::size_t>(id)])].tensor.bytes();
    return sum;
}

/// What of the weights steps change.
Bytes changingBytes(const Graph& graph, const Program& program) { return bytesOf(program, graph.trained()) + bytesOf(program, graph.buffers()); }

}  // namespace

BytesByKind heldBeside(const Graph& graph, const StepOptions& options, const Program& program) {
    BytesByKind held{};
    held[at(Kind::Optimizer)] = optimizerBytes(options.optimizer, trainedElements(graph, program));
    if (options.ema) held[at(Kind::Ema)] = changingBytes(graph, program);
    if (options.undo) held[at(Kind::Other)] = bytesOf(program, graph.buffers());
    if (options.keepsBest) held[at(Kind::Other)] += changingBytes(graph, program) + held[at(Kind::Optimizer)] + held[at(Kind::Ema)];
    held[at(Kind::Batches)] = options.batchesAhead * program.liveBefore[at(Kind::Batches)];
    return held;
}

LowerOptions loweringOf(const StepOptions& options, const Placement& placement) {
    LowerOptions lowering;
    lowering.precision = options.precision;
    lowering.device = options.device;
    lowering.emulatesBf16 = options.emulatesBf16;
    lowering.threads = options.threads;
    lowering.extents = options.extents;
    lowering.recompute = placement.recompute;
    lowering.offload = placement.offload;
    lowering.optimizerInBackward = options.optimizerInBackward && options.microBatches == 1;
    return lowering;
}

Program firstMicroBatch(const Graph& graph, const StepOptions& options, const Placement& placement, const Analysis& analysis,
                        Owners owners) {
    LowerOptions lowering = loweringOf(options, placement);
    if (options.microBatches > 1) lowering.gradients = Gradients::First;
    return lower(graph, lowering, analysis, owners);
}

Program lastMicroBatch(const Graph& graph, const StepOptions& options, const Placement& placement, const Analysis& analysis,
                       Owners owners) {
    LowerOptions lowering = loweringOf(options, placement);
    if (options.microBatches > 1) lowering.gradients = Gradients::Present;
    return lower(graph, lowering, analysis, owners);
}

StepPlan assembled(const Graph& graph, const StepOptions& options, Program first, Program next, Placement placement) {
    StepPlan step;
    step.first = std::move(first);
    step.next = std::move(next);
    step.recompute = std::move(placement.recompute);
    step.offload = std::move(placement.offload);
    step.changes.reserve(2 * (step.first.changes.size() + step.next.changes.size()));
    step.moments.reserve(step.first.instructions.size() + step.next.instructions.size() + 2);
    step.stateOutside = optimizerBytesOutside(options.optimizer, trainedElements(graph, step.first));
    const BytesByKind beside = heldBeside(graph, options, step.first);
    step.bestCopy = changingBytes(graph, step.first) + beside[at(Kind::Optimizer)] + beside[at(Kind::Ema)];
    Assembly assembly(step, beside);
    assembly.resident(step.first);
    assembly.program(Stage::First, step.first);
    if (options.microBatches > 1) assembly.program(Stage::Next, step.next);
    assembly.update(step.first);
    return step;
}

}  // namespace headroom::plan
