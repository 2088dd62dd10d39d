// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/plan/program.h"

namespace headroom::plan {

/// Follows what is alive while a program is written: which slots share a memory, how many bytes of each kind, the peak.
class Ledger {
public:
    explicit Ledger(Program& program) : m_program(program) {}

    /// A new slot, alive from now on: with bytes of its own, or sharing the memory that `sharedWith` uses.
    SlotId allocate(Kind kind, graph::ResolvedTensor tensor, std::string owner);
    SlotId share(SlotId sharedWith, graph::ResolvedTensor tensor, std::string owner);
    void release(SlotId slot);

    /// The slot at the bottom of an alias: the one that allocated.
    SlotId root(SlotId slot) const;
    /// Whether no other living slot uses the same memory.
    bool isAlone(SlotId slot) const { return m_users[index(root(slot))] == 1; }

    /// Bytes that come (or go, negative) inside an instruction, outside the slots.
    void transient(Kind kind, Bytes bytes);

    /// Instructions are numbered by the caller: a peak that is reached now belongs to this one.
    void enter(std::size_t instruction) { m_instruction = instruction; }
    const BytesByKind& live() const { return m_live; }

private:
    static std::size_t index(SlotId slot) { return static_cast<std::size_t>(slot); }
    void grow(Kind kind, SlotId slot, Bytes bytes);

    Program& m_program;
    std::vector<int> m_users;  ///< by slot at the bottom: living slots of its memory
    BytesByKind m_live{};
    Bytes m_total = 0;
    std::size_t m_instruction = 0;
};

}  // namespace headroom::plan
