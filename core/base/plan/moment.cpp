// SPDX-License-Identifier: Apache-2.0
#include "base/plan/moment.h"

namespace headroom::plan {
namespace {

/// The instruction at the peak; null between steps and in the update.
const Instruction* peakInstruction(const StepPlan& step) {
    if (step.peakStage != Stage::First && step.peakStage != Stage::Next) return nullptr;
    const auto& instructions = (step.peakStage == Stage::First ? step.first : step.next).instructions;
    return step.peakInstruction < instructions.size() ? &instructions[step.peakInstruction] : nullptr;
}

}  // namespace

graph::NodeId peakNode(const StepPlan& step) {
    const Instruction* at = peakInstruction(step);
    return at ? at->node : graph::kNone;
}

std::string peakMoment(const graph::Graph& graph, const StepPlan& step) {
    if (step.peakStage == Stage::Update) return "the update";
    const Instruction* at = peakInstruction(step);
    if (!at) return "between steps";
    return (at->what == Instruction::What::Forward ? "forward of " : "backward of ") + graph.node(at->node).name;
}

}  // namespace headroom::plan
