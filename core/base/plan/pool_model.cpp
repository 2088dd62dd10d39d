// SPDX-License-Identifier: Apache-2.0
#include "base/plan/pool_model.h"

#include <algorithm>
#include <vector>

namespace headroom::plan {
namespace {

// As core/engine/tensor/block_pool has them; tst_step_memory holds the model against it.
constexpr Bytes kHeader = 64, kGrain = 4096, kLeastRest = 64 * kKiB, kLargestSmall = 128 * kKiB, kSlab = kMiB;

Bytes roundedUp(Bytes bytes, Bytes grain) { return (bytes + grain - 1) / grain * grain; }

bool isSmall(Bytes bytes) { return bytes <= kLargestSmall; }

/// Follows the changes of steps.
class Replay {
public:
    void apply(const std::vector<StepChange>& changes, Stage stage) {
        for (const StepChange& each : changes)
            if (each.stage == stage) each.change.bytes > 0 ? grow(each.change) : shrink(each.change);
        // What is left belongs to nobody's slots: weights, gradients that the next stage finds.
        for (Block& block : m_blocks) block.slot = graph::kNone;
    }
    PoolUse use() const { return {m_large.reach(), m_smallPeak}; }

private:
    struct Block {
        Kind kind;
        SlotId slot;
        Bytes bytes;
        PoolModel::Block place;
    };
    using Blocks = std::vector<Block>;

    void grow(const Change& change) {
        m_blocks.push_back({change.kind, change.slot, change.bytes, isSmall(change.bytes) ? PoolModel::Block{} : m_large.take(change.bytes)});
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
            m_large.give(block->place);
        m_blocks.erase(block);
    }

    PoolModel m_large;
    Bytes m_small = 0, m_smallPeak = 0;
    Blocks m_blocks;
};

}  // namespace

PoolModel::Block PoolModel::take(Bytes bytes) {
    const Bytes size = roundedUp(bytes + kHeader, kGrain);
    auto best = m_free.end();
    // As the pool's tree finds them: of blocks of just that size the last, of larger ones the first of the smallest.
    for (auto each = m_free.begin(); each != m_free.end(); ++each)
        if (each->size == size || (each->size > size && (best == m_free.end() || each->size < best->size))) best = each;
    if (best == m_free.end()) {
        const bool joins = !m_free.empty() && m_free.back().address + m_free.back().size == m_end;
        if (!joins) m_free.push_back({m_end, 0});
        best = std::prev(m_free.end());
        best->size = size;
        m_end = best->address + size;
        m_reach = std::max(m_reach, m_end);
    }
    Block block = *best;
    if (block.size - size < kLeastRest) {
        m_free.erase(best);
    } else {
        *best = {block.address + size, block.size - size};
        block.size = size;
    }
    return block;
}

void PoolModel::give(const Block& block) {
    auto above = std::ranges::lower_bound(m_free, block.address, {}, &Block::address);
    if (above != m_free.begin() && std::prev(above)->address + std::prev(above)->size == block.address) {
        const auto below = std::prev(above);
        below->size += block.size;
        if (above == m_free.end() || above->address != below->address + below->size) return;
        below->size += above->size;
        m_free.erase(above);
    } else if (above != m_free.end() && above->address == block.address + block.size) {
        *above = {block.address, block.size + above->size};
    } else {
        m_free.insert(above, block);
    }
}

PoolUse PoolUse::beside(Bytes block) const {
    if (block == 0) return *this;
    return isSmall(block) ? PoolUse{reach, small + block + kHeader} : PoolUse{reach + roundedUp(block + kHeader, kGrain), small};
}

Bytes PoolUse::total() const { return reach + roundedUp(small, kSlab); }

PoolUse poolUse(const StepPlan& step) {
    Replay replay;
    replay.apply(step.changes, Stage::Resident);
    for (int steps = 0; steps < 2; ++steps)
        for (const Stage stage : {Stage::First, Stage::Next, Stage::Update}) replay.apply(step.changes, stage);
    return replay.use();
}

}  // namespace headroom::plan
