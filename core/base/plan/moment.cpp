// SPDX-License-Identifier: Apache-2.0
#include "base/plan/moment.h"

namespace headroom::plan {
namespace {

/// The instruction of a moment; null between steps and in the update.
const Instruction* instructionAt(const StepPlan& step, Stage stage, std::uint32_t index) {
    if (stage != Stage::First && stage != Stage::Next) return nullptr;
    const auto& instructions = (stage == Stage::First ? step.first : step.next).instructions;
    return index < instructions.size() ? &instructions[index] : nullptr;
}

}  // namespace

graph::NodeId peakNode(const StepPlan& step) {
    const Instruction* at = instructionAt(step, step.peakStage, step.peakInstruction);
    return at ? at->node : graph::kNone;
}

std::string momentText(const graph::Graph& graph, const StepPlan& step, Stage stage, std::uint32_t instruction) {
    if (stage == Stage::Update) return "the update";
    const Instruction* at = instructionAt(step, stage, instruction);
    if (!at) return "between steps";
    const std::string what = at->what == Instruction::What::Backward ? "backward of " : at->again ? "forward again of " : "forward of ";
    return what + graph.node(at->node).name;
}

std::string peakMoment(const graph::Graph& graph, const StepPlan& step) {
    return momentText(graph, step, step.peakStage, step.peakInstruction);
}

}  // namespace headroom::plan
