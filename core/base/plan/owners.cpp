// SPDX-License-Identifier: Apache-2.0
#include "base/plan/owners.h"

#include <algorithm>
#include <map>

namespace headroom::plan {
namespace {

using graph::kNone;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }
std::size_t at(Kind kind) { return static_cast<std::size_t>(kind); }

/// First node that reads each value; kNone where none does.
std::vector<graph::NodeId> firstReaders(const graph::Graph& graph) {
    std::vector<graph::NodeId> readers(graph.values().size(), kNone);
    for (const graph::Node& node : graph.nodes())
        for (const graph::ValueId id : node.inputs)
            if (id != kNone && readers[at(id)] == kNone) readers[at(id)] = node.id;
    return readers;
}

/// By slot: the instruction in which its memory goes, or the last one.
std::vector<std::uint32_t> lastInstructions(const Program& program) {
    std::vector<std::uint32_t> last(program.slots.size(), static_cast<std::uint32_t>(program.instructions.size() - 1));
    for (const Change& change : program.changes)
        if (change.slot != kNone && change.bytes < 0) last[at(change.slot)] = change.instruction;
    return last;
}

/// Walks through a program's changes up to a moment and keeps what is there.
class Living {
public:
    Living(const graph::Graph& graph, const Program& program) : m_program(program), m_last(lastInstructions(program)) {
        const std::vector<graph::NodeId> readers = firstReaders(graph);
        m_given.assign(program.slots.size(), kNone);
        for (const auto* slots : {&program.valueSlots, &program.gradientSlots})
            for (std::size_t value = 0; value < slots->size(); ++value)
                if ((*slots)[value] != kNone) m_given[at((*slots)[value])] = readers[value];
        const BytesByKind& before = program.liveBefore;
        for (Bytes left = total(before); left > 0; ++m_givenChanges) left -= program.changes[m_givenChanges].bytes;
    }

    /// Up to the first moment with `peak` bytes.
    void untilPeak(Bytes peak) {
        Bytes live = 0;
        for (std::size_t i = 0; i < m_program.changes.size() && live < peak; ++i) take(i, live);
    }
    void untilEnd() {
        Bytes live = 0;
        for (std::size_t i = 0; i < m_program.changes.size(); ++i) take(i, live);
    }

    std::vector<Owner> owners() {
        std::vector<Owner> owners;
        for (auto& [slot, owner] : m_tensors) owners.push_back(std::move(owner));
        for (std::size_t kind = 0; kind < kKinds; ++kind)
            if (m_inside[kind] > 0)
                owners.push_back({Owner::What::Inside, {}, m_node, static_cast<Kind>(kind), m_inside[kind], m_instruction, m_instruction});
        return owners;
    }

private:
    void take(std::size_t index, Bytes& live) {
        const Change& change = m_program.changes[index];
        live += change.bytes;
        m_instruction = change.instruction;
        m_node = change.instruction < m_program.instructions.size() ? m_program.instructions[change.instruction].node : kNone;
        if (change.slot == kNone)
            m_inside[at(change.kind)] += change.bytes;
        else if (change.bytes < 0)
            m_tensors.erase(change.slot);
        else
            m_tensors[change.slot] = ownerOf(change, index < m_givenChanges);
    }

    /// Memory that comes back from outside keeps the node that made it.
    graph::NodeId makerOf(SlotId slot, bool given) {
        return m_makers.try_emplace(slot, given ? m_given[at(slot)] : m_node).first->second;
    }

    Owner ownerOf(const Change& change, bool given) {
        return {Owner::What::Tensor,
                m_program.slots[at(change.slot)].owner,
                makerOf(change.slot, given),
                change.kind,
                change.bytes,
                given ? 0 : change.instruction,
                m_last[at(change.slot)]};
    }

    const Program& m_program;
    const std::vector<std::uint32_t> m_last;
    std::vector<graph::NodeId> m_given;  ///< by slot: first reader of what the program finds
    std::size_t m_givenChanges = 0;
    std::map<SlotId, graph::NodeId> m_makers;
    std::map<SlotId, Owner> m_tensors;
    BytesByKind m_inside{};
    graph::NodeId m_node = kNone;
    std::uint32_t m_instruction = 0;
};

bool isHeldAtUpdate(const Owner& owner) { return owner.kind == Kind::Weights || owner.kind == Kind::Gradients; }

/// What the kinds hold beyond the tensors found.
void addBeside(std::vector<Owner>& owners, const BytesByKind& atPeak, std::uint32_t last) {
    BytesByKind left = atPeak;
    for (const Owner& owner : owners) left[at(owner.kind)] -= owner.bytes;
    for (std::size_t kind = 0; kind < kKinds; ++kind)
        if (left[kind] > 0) owners.push_back({Owner::What::Beside, {}, kNone, static_cast<Kind>(kind), left[kind], 0, last});
}

}  // namespace

const Program& peakProgram(const StepPlan& step) { return step.peakStage == Stage::Next ? step.next : step.first; }

std::vector<Owner> ownersAtPeak(const graph::Graph& graph, const StepPlan& step) {
    const Program& program = peakProgram(step);
    const bool inProgram = step.peakStage == Stage::First || step.peakStage == Stage::Next;
    Living living(graph, program);
    inProgram ? living.untilPeak(program.peak) : living.untilEnd();
    std::vector<Owner> owners = living.owners();
    if (!inProgram)
        std::erase_if(owners, [&](const Owner& owner) {
            return !isHeldAtUpdate(owner) || (step.peakStage == Stage::Resident && owner.kind != Kind::Weights);
        });
    addBeside(owners, step.atPeak, static_cast<std::uint32_t>(program.instructions.size() - 1));
    std::ranges::stable_sort(owners, std::greater{}, &Owner::bytes);
    return owners;
}

}  // namespace headroom::plan
