// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/memory.h"

#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "engine/tensor/block_pool.h"

namespace headroom::tensor {
namespace {

thread_local plan::Kind currentKind = plan::Kind::Other;

/// Everything behind one mutex: uncontended in a step, and loader threads ask seldom.
class Memory {
public:
    /// nullptr where the budget, the system or an injected fault refuses.
    void* take(std::size_t size, plan::Kind kind) {
        const std::lock_guard lock(m_mutex);
        BlockHeader* block = nullptr;
        if (m_isAssured || (!faultStrikes(size) && !overBudget(size)))
            block = size <= SmallPool::kLargest ? m_small.take(size) : m_large.take(size, m_isAssured ? SIZE_MAX : mayGrow());
        if (!block) {
            refused(size);
            return nullptr;
        }
        block->requested = size;
        block->kind = static_cast<std::uint8_t>(kind);
        if (!m_isAssured) ++m_counts.allocations;
        add(block->kind, static_cast<Bytes>(size));
        return block->data();
    }

    void give(void* data) {
        const std::lock_guard lock(m_mutex);
        BlockHeader* block = BlockHeader::of(data);
        add(block->kind, -static_cast<Bytes>(block->requested));
        block->small ? m_small.give(block) : m_large.give(block);
    }

    /// Whether the budget has that much more.
    bool assure(std::size_t size) {
        const std::lock_guard lock(m_mutex);
        m_isAssured = !faultStrikes(size) && !overBudget(size);
        m_isAssured ? void(++m_counts.allocations) : refused(size);
        return m_isAssured;
    }

    void endAssurance() {
        const std::lock_guard lock(m_mutex);
        m_isAssured = false;
    }

    void relabel(void* data, plan::Kind kind) {
        const std::lock_guard lock(m_mutex);
        BlockHeader* block = BlockHeader::of(data);
        m_counts.live[block->kind] -= static_cast<Bytes>(block->requested);
        block->kind = static_cast<std::uint8_t>(kind);
        m_counts.live[block->kind] += static_cast<Bytes>(block->requested);
    }

    MemoryCounts counts() {
        const std::lock_guard lock(m_mutex);
        MemoryCounts counts = m_counts;
        counts.reserved = reserved();
        return counts;
    }

    void resetPeak() {
        const std::lock_guard lock(m_mutex);
        m_counts.peakTotal = m_counts.liveTotal;
        m_counts.atPeak = m_counts.live;
    }

    MemoryPeak takeRecentPeak() {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_recent, {m_counts.liveTotal, m_counts.live});
    }

    void setBudget(Bytes budget) {
        const std::lock_guard lock(m_mutex);
        m_budget = budget;
        if (budget > 0) trimPools();
    }

    Bytes budget() {
        const std::lock_guard lock(m_mutex);
        return m_budget;
    }

    Refusal refusal() {
        const std::lock_guard lock(m_mutex);
        return m_refusal;
    }

    void trim() {
        const std::lock_guard lock(m_mutex);
        trimPools();
    }

    void injectFault(std::int64_t countdown, FaultMode mode) {
        const std::lock_guard lock(m_mutex);
        m_faultIn = countdown;
        m_faultMode = mode;
        m_faultFired = false;
    }

    bool faultFired() {
        const std::lock_guard lock(m_mutex);
        return m_faultFired;
    }

private:
    void add(std::uint8_t kind, Bytes bytes) {
        m_counts.live[kind] += bytes;
        m_counts.liveTotal += bytes;
        if (m_counts.liveTotal > m_recent.total) m_recent = {m_counts.liveTotal, m_counts.live};
        if (m_counts.liveTotal <= m_counts.peakTotal) return;
        m_counts.peakTotal = m_counts.liveTotal;
        m_counts.atPeak = m_counts.live;
    }

    void refused(std::size_t size) { m_refusal = {static_cast<Bytes>(size), m_counts.liveTotal, reserved(), m_budget}; }

    void trimPools() {
        m_small.trim();
        m_large.trim();
    }

    Bytes reserved() const { return static_cast<Bytes>(m_small.reserved() + m_large.reserved()); }

    /// By how much the pool of large blocks may. Of the small ones one size does not serve another: they count, but smaller
    /// micro-batches must be able to have theirs.
    std::size_t mayGrow() const {
        return m_budget == 0 ? SIZE_MAX : static_cast<std::size_t>(std::max<Bytes>(0, m_budget - reserved()));
    }

    bool overBudget(std::size_t size) const {
        return m_budget > 0 && m_counts.liveTotal + static_cast<Bytes>(size) > m_budget;
    }

    bool faultStrikes(std::size_t size) {
        if (m_faultIn == 0) return false;
        if (m_faultIn > 1) {
            --m_faultIn;
            return false;
        }
        if (!m_faultFired) m_ceiling = m_counts.liveTotal + static_cast<Bytes>(size) - 1;
        m_faultFired = true;
        if (m_faultMode == FaultMode::Once) m_faultIn = 0;
        return m_faultMode != FaultMode::Ceiling || m_counts.liveTotal + static_cast<Bytes>(size) > m_ceiling;
    }

    std::mutex m_mutex;
    SmallPool m_small;
    LargePool m_large;
    MemoryCounts m_counts;
    MemoryPeak m_recent;
    Bytes m_budget = 0;
    Refusal m_refusal;
    bool m_isAssured = false;
    Bytes m_ceiling = 0;
    std::int64_t m_faultIn = 0;
    FaultMode m_faultMode = FaultMode::Once;
    bool m_faultFired = false;
};

/// Never destroyed: tensors in other statics may outlive any order of ours.
Memory& memory() {
    static Memory* const instance = new Memory;
    return *instance;
}

void giveBack(void* data) {
    if (data) memory().give(data);
}

void refuse(std::size_t size) {
    TORCH_CHECK_WITH(OutOfMemoryError, false, kRefused, " for ", size, " bytes, ", memory().counts().liveTotal, " in use");
}

class CountingAllocator final : public c10::Allocator {
public:
    c10::DataPtr allocate(std::size_t size) override {
        void* data = size ? memory().take(size, currentKind) : nullptr;
        if (size && !data) refuse(size);
        return {data, data, &giveBack, c10::Device(c10::DeviceType::CPU)};
    }

    c10::DeleterFnPtr raw_deleter() const override { return &giveBack; }

    void copy_data(void* destination, const void* source, std::size_t count) const override {
        default_copy_data(destination, source, count);
    }
};

}  // namespace

void installAllocator() {
    static CountingAllocator* const allocator = new CountingAllocator;
    c10::SetAllocator(c10::DeviceType::CPU, allocator, 255);
}

MemoryCounts memoryCounts() { return memory().counts(); }
void resetPeak() { memory().resetPeak(); }
MemoryPeak takeRecentPeak() { return memory().takeRecentPeak(); }
void setMemoryBudget(Bytes budget) { memory().setBudget(std::max<Bytes>(0, budget)); }
Bytes memoryBudget() { return memory().budget(); }
Refusal lastRefusal() { return memory().refusal(); }
void trimMemory() { memory().trim(); }
void relabel(void* data, plan::Kind kind) { memory().relabel(data, kind); }
void injectAllocationFault(std::int64_t countdown, FaultMode mode) { memory().injectFault(countdown, mode); }
bool allocationFaultFired() { return memory().faultFired(); }

AssuredMemory::AssuredMemory(Bytes bytes) {
    if (!memory().assure(static_cast<std::size_t>(bytes))) refuse(static_cast<std::size_t>(bytes));
}
AssuredMemory::~AssuredMemory() { memory().endAssurance(); }

MemoryScope::MemoryScope(plan::Kind kind) : m_previous(currentKind) { currentKind = kind; }
MemoryScope::~MemoryScope() { currentKind = m_previous; }

}  // namespace headroom::tensor
