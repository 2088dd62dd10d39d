// SPDX-License-Identifier: Apache-2.0
#include "base/plan/ledger.h"

#include <cassert>

namespace headroom::plan {

void Ledger::grow(Kind kind, SlotId slot, Bytes bytes) {
    m_program.changes.push_back({static_cast<std::uint32_t>(m_instruction), kind, slot, bytes});
    m_live[static_cast<std::size_t>(kind)] += bytes;
    m_total += bytes;
    if (m_total <= m_program.peak) return;
    m_program.peak = m_total;
    m_program.atPeak = m_live;
    m_program.peakInstruction = m_instruction;
}

SlotId Ledger::allocate(Kind kind, graph::ResolvedTensor tensor, std::string owner) {
    const auto slot = static_cast<SlotId>(m_program.slots.size());
    grow(kind, slot, tensor.bytes());
    m_program.slots.push_back({kind, std::move(tensor), graph::kNone, std::move(owner)});
    m_users.push_back(1);
    return slot;
}

SlotId Ledger::share(SlotId sharedWith, graph::ResolvedTensor tensor, std::string owner) {
    const auto slot = static_cast<SlotId>(m_program.slots.size());
    const SlotId bottom = root(sharedWith);
    m_program.slots.push_back({m_program.slots[index(bottom)].kind, std::move(tensor), bottom, std::move(owner)});
    m_users.push_back(0);
    ++m_users[index(bottom)];
    return slot;
}

void Ledger::release(SlotId slot) {
    const SlotId bottom = root(slot);
    assert(m_users[index(bottom)] > 0 && "a slot is released twice");
    if (--m_users[index(bottom)] > 0) return;
    const Slot& owner = m_program.slots[index(bottom)];
    grow(owner.kind, bottom, -owner.tensor.bytes());
}

SlotId Ledger::root(SlotId slot) const {
    const SlotId bottom = m_program.slots[index(slot)].aliasOf;
    return bottom == graph::kNone ? slot : bottom;
}

void Ledger::transient(Kind kind, Bytes bytes) { grow(kind, graph::kNone, bytes); }

}  // namespace headroom::plan
