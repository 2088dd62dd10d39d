// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/plan/program.h"

namespace headroom::test {

/// Runs a program without tensors, as the executor would, and keeps its own account: which slots are alive, which
/// memory they share, how many bytes that is, and how many contributions each gradient holds. Shares no code with
/// lower().
class Replay {
public:
    Replay(const graph::Graph& graph, const plan::Program& program);

    /// What went wrong, in words; empty when all is right.
    const std::vector<std::string>& faults() const { return m_faults; }
    Bytes peakAtBoundaries() const { return m_peak; }

private:
    void begin();
    void run(const plan::Instruction& instruction);
    bool isMadeAgain(const plan::Instruction& instruction) const;
    void cast(const plan::Instruction& instruction);
    void forward(const plan::Instruction& instruction);
    void backward(const plan::Instruction& instruction);
    void takeGradient(const plan::Instruction& instruction, std::size_t input);
    void end();

    void create(plan::SlotId slot, const char* what);
    void needAlive(plan::SlotId slot, const char* what);
    void drop(plan::SlotId slot);
    plan::SlotId memory(plan::SlotId slot) const;
    bool isAlone(plan::SlotId slot) const;
    plan::BytesByKind bytes() const;
    void fault(const std::string& text);
    int expectedContributions(graph::ValueId value) const;

    const graph::Graph& m_graph;
    const plan::Program& m_program;
    std::vector<int> m_lives;            ///< by slot: -1 not yet, 1 alive, 0 dropped
    std::set<plan::SlotId> m_outside;    ///< memories that wait outside of the device
    std::map<plan::SlotId, int> m_held;  ///< contributions that a gradient slot holds
    std::set<plan::SlotId> m_updated;  ///< gradients that an update has taken
    std::vector<bool> m_backward;        ///< by node
    std::size_t m_instruction = 0;
    Bytes m_peak = 0;
    std::vector<std::string> m_faults;
};

}  // namespace headroom::test
