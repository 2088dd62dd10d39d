// SPDX-License-Identifier: Apache-2.0
#include "base/plan/pool_model.h"

#include <algorithm>
#include <vector>

namespace headroom::plan {
namespace {

// As core/engine/tensor/block_pool has them; tst_step_memory holds the model against it.
constexpr Bytes kHeader = 64, kGrain = 4096, kLeastRest = 64 * kKiB, kLargestSmall = 128 * kKiB, kSlab = kMiB;

Bytes roundedUp(Bytes bytes, Bytes grain) { return (bytes + grain - 1) / grain * grain; }

/// Follows the changes of steps.
class Replay {
public:
    void apply(const std::vector<StepChange>& changes, Stage stage) {
        for (const StepChange& each : changes)
            if (each.stage == stage) each.change.bytes > 0 ? grow(each.change) : shrink(each.change);
        // What is left belongs to nobody's slots: weights, gradients that the next stage finds.
        for (Block& block : m_blocks) block.slot = graph::kNone;
    }
    Bytes total() const { return m_large.reach() + roundedUp(m_smallPeak, kSlab); }

private:
    struct Block {
        Kind kind;
        SlotId slot;
        Bytes bytes;
        PoolModel::Address address;
    };
    using Blocks = std::vector<Block>;

    static bool isSmall(Bytes bytes) { return bytes <= kLargestSmall; }

    void grow(const Change& change) {
        m_blocks.push_back({change.kind, change.slot, change.bytes, isSmall(change.bytes) ? 0 : m_large.take(change.bytes)});
        if (isSmall(change.bytes)) m_smallPeak = std::max(m_smallPeak, m_small += change.bytes + kHeader);
    }
    /// The latest block of the slot, or of that size; else several of the kind, the latest first.
    void shrink(const Change& change) {
        const auto isIt = [&](const Block& each) {
            return each.kind == change.kind && each.slot == change.slot && each.bytes == -change.bytes;
        };
        if (const auto one = std::find_if(m_blocks.rbegin(), m_blocks.rend(), isIt); one != m_blocks.rend()) {
            drop(std::prev(one.base()));
            return;
        }
        Bytes left = -change.bytes;
        for (std::size_t i = m_blocks.size(); i-- > 0 && left > 0;) {
            if (m_blocks[i].kind != change.kind || m_blocks[i].bytes > left) continue;
            left -= m_blocks[i].bytes;
            drop(m_blocks.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    void drop(Blocks::iterator block) {
        if (isSmall(block->bytes))
            m_small -= block->bytes + kHeader;
        else
            m_large.give(block->address);
        m_blocks.erase(block);
    }

    PoolModel m_large;
    Bytes m_small = 0, m_smallPeak = 0;
    Blocks m_blocks;
};

}  // namespace

PoolModel::Address PoolModel::take(Bytes bytes) {
    const Bytes size = roundedUp(bytes + kHeader, kGrain);
    auto best = m_freeBySize.lower_bound({size, 0});
    if (best == m_freeBySize.end()) {
        const auto last = m_free.empty() ? m_free.end() : std::prev(m_free.end());
        const bool joins = last != m_free.end() && last->first + last->second == m_end;
        const Address begin = joins ? last->first : m_end;
        if (joins) removeFree(begin);
        m_end = begin + size;
        m_reach = std::max(m_reach, m_end);
        addFree(begin, size);
        best = m_freeBySize.find({size, begin});
    }
    const auto [found, address] = *best;
    removeFree(address);
    const bool splits = found - size >= kLeastRest;
    if (splits) addFree(address + size, found - size);
    m_taken[address] = splits ? size : found;
    return address;
}

void PoolModel::give(Address address) {
    const auto taken = m_taken.find(address);
    Bytes size = taken->second;
    m_taken.erase(taken);
    if (const auto above = m_free.find(address + size); above != m_free.end()) {
        size += above->second;
        removeFree(above->first);
    }
    if (auto below = m_free.lower_bound(address); below != m_free.begin() && std::prev(below)->first + std::prev(below)->second == address) {
        below = std::prev(below);
        address = below->first;
        size += below->second;
        removeFree(address);
    }
    addFree(address, size);
}

void PoolModel::addFree(Address address, Bytes size) {
    m_free[address] = size;
    m_freeBySize.insert({size, address});
}

void PoolModel::removeFree(Address address) {
    const auto found = m_free.find(address);
    m_freeBySize.erase({found->second, address});
    m_free.erase(found);
}

Bytes poolPeak(const StepPlan& step) {
    Replay replay;
    replay.apply(step.changes, Stage::Resident);
    for (int steps = 0; steps < 2; ++steps)
        for (const Stage stage : {Stage::First, Stage::Next, Stage::Update}) replay.apply(step.changes, stage);
    return replay.total();
}

}  // namespace headroom::plan
