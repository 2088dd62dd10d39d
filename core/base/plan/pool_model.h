// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/plan/step_plan.h"

namespace headroom::plan {

/// The engine's pool of large blocks without its memory: best fit in one range that grows at its end, split and joined
/// (core/engine/tensor/block_pool). Tells how far the range reaches, which is what the process has touched.
class PoolModel {
public:
    struct Block {
        Bytes address = 0, size = 0;
    };
    Block take(Bytes bytes);
    void give(const Block& block);
    /// Largest end of the range so far.
    Bytes reach() const { return m_reach; }

private:
    std::vector<Block> m_free;  ///< by address, no two of them touch; a few dozen at most
    Bytes m_end = 0, m_reach = 0;
};

/// What the pools come to while steps follow each other.
struct PoolUse {
    Bytes reach = 0;  ///< end of the range of large blocks
    Bytes small = 0;  ///< most bytes of small blocks at a time

    /// The same beside another block that is there from the beginning and stays.
    PoolUse beside(Bytes block) const;
    /// What they hold of the system's memory.
    Bytes total() const;
};
PoolUse poolUse(const StepPlan& step);

/// What the pools hold of the system's memory at most while steps of this plan follow each other.
inline Bytes poolPeak(const StepPlan& step) { return poolUse(step).total(); }

}  // namespace headroom::plan
