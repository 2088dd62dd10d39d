// SPDX-License-Identifier: Apache-2.0
#include "base/plan/step_plan.h"

#include <limits>
#include <numeric>

#include "base/plan/analysis.h"
#include "base/plan/process_peak.h"
#include "base/plan/types.h"

namespace headroom::plan {

using graph::Graph;
using graph::kNone;

namespace {

constexpr int kAttempts = 8;        // of the reckoning to meet the plan
constexpr Bytes kPrecision = 100;   // share of the activations to which the smallest choice is sought

std::size_t at(Kind kind) { return static_cast<std::size_t>(kind); }

std::vector<std::int64_t> parameterElements(const Graph& graph, const Program& program) {
    std::vector<std::int64_t> elements;
    for (const graph::ValueId id : graph.parameters()) {
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

/// What stays beside a micro-batch's own tensors, weights and gradients.
BytesByKind heldBeside(const Graph& graph, const StepOptions& options, const Program& first) {
    BytesByKind held{};
    held[at(Kind::Optimizer)] = optimizerBytes(options.optimizer, parameterElements(graph, first));
    if (options.ema) held[at(Kind::Ema)] = first.liveBefore[at(Kind::Weights)];
    if (options.undo)
        for (const graph::ValueId id : graph.buffers())
            held[at(Kind::Other)] += first.slots[static_cast<std::size_t>(first.valueSlots[static_cast<std::size_t>(id)])].tensor.bytes();
    if (options.keepsBest) held[at(Kind::Other)] += first.liveBefore[at(Kind::Weights)] + held[at(Kind::Optimizer)] + held[at(Kind::Ema)];
    held[at(Kind::Batches)] = options.batchesAhead * first.liveBefore[at(Kind::Batches)];
    return held;
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

LowerOptions loweringOf(const StepOptions& options) {
    LowerOptions lowering;
    lowering.precision = options.precision;
    lowering.device = options.device;
    lowering.emulatesBf16 = options.emulatesBf16;
    lowering.threads = options.threads;
    lowering.extents = options.extents;
    lowering.optimizerInBackward = options.optimizerInBackward && options.microBatches == 1;
    return lowering;
}

StepPlan planned(const Graph& graph, const StepOptions& options, std::vector<bool> recompute, std::vector<bool> offload) {
    StepPlan step;
    LowerOptions lowering = loweringOf(options);
    lowering.recompute = recompute;
    lowering.offload = offload;
    const Analysis analysis = analyse(graph, lowering);
    if (options.microBatches > 1) lowering.gradients = Gradients::First;
    step.first = lower(graph, lowering, analysis);
    if (options.microBatches > 1) {
        lowering.gradients = Gradients::Present;
        step.next = lower(graph, lowering, analysis);
    }
    step.recompute = std::move(recompute);
    step.offload = std::move(offload);
    step.changes.reserve(2 * (step.first.changes.size() + step.next.changes.size()));
    step.moments.reserve(step.first.instructions.size() + step.next.instructions.size() + 2);
    Assembly assembly(step, heldBeside(graph, options, step.first));
    assembly.resident(step.first);
    assembly.program(Stage::First, step.first);
    if (options.microBatches > 1) assembly.program(Stage::Next, step.next);
    assembly.update(step.first);
    return step;
}

/// Of the plans that stay within the budget the one that makes least again; where none does, the smallest.
StepPlan leastTime(const Graph& graph, const StepOptions& options, const std::vector<bool>& offload) {
    StepPlan best = planned(graph, options, {}, offload);
    if (options.budget == 0) return best;
    const auto needOf = [&](const StepPlan& step) { return processNeed(graph, step, options.device, options.budget); };
    Bytes least = needOf(best);
    if (least <= options.budget) return best;
    const Bytes activations = best.atPeak[at(Kind::Activations)], others = least - activations;
    double bestShare = std::numeric_limits<double>::infinity();
    const auto consider = [&](const std::vector<bool>& nodes) -> Bytes {
        StepPlan candidate = planned(graph, options, nodes, offload);
        const Bytes need = needOf(candidate);
        const bool fits = need <= options.budget, bestFits = least <= options.budget;
        const double share = shareMadeAgain(graph, candidate);
        if (fits ? !bestFits || share < bestShare : need < least) {
            bestShare = share;
            least = need;
            best = std::move(candidate);
        }
        return need;
    };
    consider(cheapNodes(graph));
    consider(blockNodes(graph));
    const LowerOptions lowering = loweringOf(options);
    Bytes room = options.budget - others;
    for (int attempt = 0; attempt < kAttempts && room > 0; ++attempt) {
        const std::vector<bool> nodes = cheapestNodes(graph, lowering, room);
        if (nodes.empty()) break;
        const Bytes excess = consider(nodes) - options.budget;
        if (excess <= 0) break;
        room -= excess + excess / 8;  // the reckoning was too hopeful by that much
    }
    if (least <= options.budget) return best;
    // No choice fits: the smallest one, where the reckoning just finds any.
    for (Bytes none = 0, some = activations; some - none > activations / kPrecision;) {
        room = none + (some - none) / 2;
        const std::vector<bool> nodes = cheapestNodes(graph, lowering, room);
        (nodes.empty() ? none : some) = room;
        if (!nodes.empty()) consider(nodes);
    }
    return best;
}

StepPlan recomputed(const Graph& graph, const StepOptions& options, const std::vector<bool>& offload) {
    switch (options.recompute) {
        case Recompute::Off: return planned(graph, options, {}, offload);
        case Recompute::Cheap: return planned(graph, options, cheapNodes(graph), offload);
        case Recompute::Blocks: return planned(graph, options, blockNodes(graph), offload);
        case Recompute::Auto: break;
    }
    return leastTime(graph, options, offload);
}

/// The fewest first nodes whose absence keeps the step within the budget, by bisection; all of them where none do.
StepPlan fewestOut(const Graph& graph, const StepOptions& options, StepPlan whole) {
    std::size_t tooFew = 0, enough = graph.nodes().size();
    const auto fitsBudget = [&](const StepPlan& step) { return fits(graph, step, options.device, options.budget); };
    StepPlan best = planned(graph, options, whole.recompute, firstNodes(graph, enough));
    if (!fitsBudget(best)) return std::move(best.peak < whole.peak ? best : whole);
    while (enough - tooFew > 1) {
        const std::size_t middle = (tooFew + enough) / 2;
        StepPlan candidate = planned(graph, options, whole.recompute, firstNodes(graph, middle));
        const bool isEnough = fitsBudget(candidate);
        (isEnough ? enough : tooFew) = middle;
        if (isEnough) best = std::move(candidate);
    }
    return best;
}

}  // namespace

Bytes total(const BytesByKind& bytes) { return std::accumulate(bytes.begin(), bytes.end(), Bytes{0}); }

Bytes bestCopy(const StepPlan& plan) {
    Bytes bytes = 0;
    for (const StepChange& each : plan.changes)
        if (each.stage == Stage::Resident && each.change.kind != Kind::Other && each.change.kind != Kind::Batches) bytes += each.change.bytes;
    return bytes;
}

double shareMadeAgain(const Graph& graph, const StepPlan& plan) {
    const auto values = resolvedValues(graph, plan.first.extents, plan.first.precision);
    double once = 0, again = 0;
    for (const Instruction& each : plan.first.instructions)
        if (each.what == Instruction::What::Forward)
            (each.again ? again : once) += forwardTime(resolvedNode(graph.node(each.node), values, plan.first.precision));
    return once > 0 ? again / once : 0;
}

StepPlan plan(const Graph& graph, const StepOptions& options) {
    if (options.offload == Offload::Activations) return recomputed(graph, options, firstNodes(graph, graph.nodes().size()));
    StepPlan step = recomputed(graph, options, {});
    const bool isAsked = options.offload == Offload::Auto && options.budget > 0;
    return isAsked && !fits(graph, step, options.device, options.budget) ? fewestOut(graph, options, std::move(step)) : std::move(step);
}

}  // namespace headroom::plan
