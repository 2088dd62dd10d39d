// SPDX-License-Identifier: Apache-2.0
#include "base/plan/offload.h"

#include <algorithm>

namespace headroom::plan {
namespace {

using graph::kNone;

constexpr Bytes kLeastBytes = 16 * kKiB;  // below it, asking costs more than the bytes
constexpr int kLeastAway = 3;             // instructions between going and coming back
constexpr Bytes kPage = 4096;             // a file's pages are let go of whole

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

Bytes roundedUp(Bytes bytes) { return (bytes + kPage - 1) / kPage * kPage; }

std::vector<SlotId> touched(const Instruction& instruction) {
    std::vector<SlotId> all;
    for (const auto* slots : {&instruction.inputs, &instruction.outputs, &instruction.extras, &instruction.outputGradients, &instruction.release})
        all.insert(all.end(), slots->begin(), slots->end());
    for (const Cast& cast : instruction.casts) all.insert(all.end(), {cast.from, cast.to});
    for (const GradientTarget& target : instruction.inputGradients) all.insert(all.end(), {target.slot, target.present});
    std::erase(all, kNone);
    return all;
}

/// A memory, by the slot at its bottom: who made it and when it is touched.
struct Life {
    graph::NodeId maker = kNone;
    int lastForward = -1, firstBackward = -1;
    SlotId slot = kNone;  ///< one that was made before the backward pass and is touched first in it
};

class Moving {
public:
    explicit Moving(Program& program)
        : m_program(program), m_lives(program.slots.size()), m_isOfForward(program.slots.size(), false) {
        const auto isBackward = [](const Instruction& each) { return each.what == Instruction::What::Backward; };
        m_turn = static_cast<int>(std::ranges::find_if(program.instructions, isBackward) - program.instructions.begin());
        // What is made again for the first backward is no longer the forward pass.
        while (m_turn > 0 && program.instructions[at(m_turn - 1)].again) --m_turn;
        for (int i = 0; i < static_cast<int>(program.instructions.size()); ++i) follow(i);
    }

    void run(const std::vector<bool>& nodes) {
        std::vector<Change> out, in;
        for (std::size_t bottom = 0; bottom < m_lives.size(); ++bottom) {
            const Life& life = m_lives[bottom];
            if (!isWorthIt(static_cast<SlotId>(bottom)) || !nodes[at(life.maker)]) continue;
            const Slot& slot = m_program.slots[bottom];
            const Bytes bytes = slot.tensor.bytes();
            m_program.instructions[at(life.lastForward)].stores.push_back({life.slot, m_program.outside});
            m_program.instructions[at(life.firstBackward)].fetches.push_back({life.slot, m_program.outside});
            m_program.outside += roundedUp(bytes);
            out.push_back({static_cast<std::uint32_t>(life.lastForward), slot.kind, static_cast<SlotId>(bottom), -bytes});
            in.push_back({static_cast<std::uint32_t>(life.firstBackward), slot.kind, static_cast<SlotId>(bottom), bytes});
            for (int i = life.lastForward; i < life.firstBackward; ++i)
                m_program.instructions[at(i)].liveAfter[static_cast<std::size_t>(slot.kind)] -= bytes;
        }
        if (!out.empty()) insert(std::move(out), std::move(in));
    }

private:
    void follow(int index) {
        const Instruction& instruction = m_program.instructions[at(index)];
        for (const SlotId slot : touched(instruction)) {
            const SlotId alias = m_program.slots[at(slot)].aliasOf, bottom = alias == kNone ? slot : alias;
            Life& life = m_lives[at(bottom)];
            if (life.maker == kNone) life.maker = instruction.node;
            if (index < m_turn) {
                m_isOfForward[at(slot)] = true;
                life.lastForward = index;
            } else if (m_isOfForward[at(slot)] && life.firstBackward < 0) {
                life.firstBackward = index;
                life.slot = slot;
            }
        }
    }

    bool isWorthIt(SlotId bottom) const {
        const Slot& slot = m_program.slots[at(bottom)];
        const Life& life = m_lives[at(bottom)];
        return slot.kind == Kind::Activations && slot.aliasOf == kNone && life.lastForward >= 0 && life.firstBackward >= 0 &&
               life.firstBackward - life.lastForward >= kLeastAway && slot.tensor.bytes() >= kLeastBytes;
    }

    /// What goes does so after all else of its instruction, what comes before.
    void insert(std::vector<Change> out, std::vector<Change> in) {
        std::ranges::stable_sort(out, {}, &Change::instruction);
        std::ranges::stable_sort(in, {}, &Change::instruction);
        std::vector<Change> all;
        all.reserve(m_program.changes.size() + out.size() + in.size());
        auto going = out.begin(), coming = in.begin();
        for (const Change& change : m_program.changes) {
            while (going != out.end() && going->instruction < change.instruction) all.push_back(*going++);
            while (coming != in.end() && coming->instruction <= change.instruction) all.push_back(*coming++);
            all.push_back(change);
        }
        all.insert(all.end(), going, out.end());
        all.insert(all.end(), coming, in.end());
        m_program.changes = std::move(all);
        findPeak();
    }

    void findPeak() {
        BytesByKind live{};
        Bytes sum = 0;
        m_program.peak = 0;
        for (const Change& change : m_program.changes) {
            live[static_cast<std::size_t>(change.kind)] += change.bytes;
            sum += change.bytes;
            if (sum <= m_program.peak) continue;
            m_program.peak = sum;
            m_program.atPeak = live;
            m_program.peakInstruction = change.instruction;
        }
    }

    Program& m_program;
    std::vector<Life> m_lives;
    std::vector<bool> m_isOfForward;  ///< by slot: it is there when the backward pass begins, or was before
    int m_turn = 0;                   ///< the first instruction of the backward pass
};

}  // namespace

std::vector<bool> firstNodes(const graph::Graph& graph, std::size_t count) {
    std::vector<bool> nodes(graph.nodes().size(), false);
    std::fill_n(nodes.begin(), std::min(count, nodes.size()), true);
    return nodes;
}

void moveOut(Program& program, const std::vector<bool>& nodes) { Moving(program).run(nodes); }

Bytes bytesOut(const Program& program) {
    Bytes bytes = 0;
    for (const Instruction& instruction : program.instructions)
        for (const Outside& each : instruction.stores) {
            const Slot& slot = program.slots[at(each.slot)];
            bytes += program.slots[at(slot.aliasOf == kNone ? each.slot : slot.aliasOf)].tensor.bytes();
        }
    return bytes;
}

}  // namespace headroom::plan
