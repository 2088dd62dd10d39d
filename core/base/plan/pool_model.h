// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "base/plan/step_plan.h"

namespace headroom::plan {

/// The engine's pool of large blocks without its memory: best fit in one range that grows at its end, split and joined
/// (core/engine/tensor/block_pool). Tells how far the range reaches, which is what the process has touched.
class PoolModel {
public:
    using Address = Bytes;
    Address take(Bytes bytes);
    void give(Address address);
    /// Largest end of the range so far.
    Bytes reach() const { return m_reach; }

private:
    void addFree(Address address, Bytes size);
    void removeFree(Address address);

    std::map<Address, Bytes> m_taken, m_free;        ///< size by address
    std::set<std::pair<Bytes, Address>> m_freeBySize;
    Bytes m_end = 0, m_reach = 0;
};

/// What the pools hold of the system's memory at most while steps of this plan follow each other.
Bytes poolPeak(const StepPlan& step);

}  // namespace headroom::plan
