// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

namespace headroom::tensor {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kGrain = 4096;                      // sizes of large blocks are multiples of this
constexpr std::size_t kLeastRest = 64 * 1024;             // a smaller rest stays with its block
constexpr std::size_t kMapping = 32 * 1024 * 1024;        // least size of a mapping outside of the range
constexpr std::size_t kRange = std::size_t{1} << 40;      // of addresses: no machine has that much memory
constexpr std::size_t kWindow = 16384;                    // large allocations between two looks at the surplus
constexpr std::size_t kSurplusWorthReturning = 64 * 1024 * 1024;

std::size_t roundedUp(std::size_t size, std::size_t grain) { return (size + grain - 1) / grain * grain; }

void* mapped(std::size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

/// At a multiple of its size.
void* mappedAligned(std::size_t size) {
    auto* memory = static_cast<std::byte*>(mapped(2 * size));
    if (!memory) return nullptr;
    auto* begin = reinterpret_cast<std::byte*>(roundedUp(reinterpret_cast<std::uintptr_t>(memory), size));
    if (begin > memory) munmap(memory, static_cast<std::size_t>(begin - memory));
    if (memory + size > begin) munmap(begin + size, static_cast<std::size_t>(memory + size - begin));
    return begin;
}

/// Four sizes to a doubling from 128 bytes on: 128, 160, 192, 224, 256, 320 ...
std::size_t binOf(std::size_t size) {
    if (size <= 128) return 0;
    const std::size_t doubling = static_cast<std::size_t>(std::bit_width(size - 1)) - 1;
    const std::size_t quarter = ((size - 1) >> (doubling - 2)) & 3;
    return (doubling - 7) * 4 + quarter + 1;
}

/// At least the bin's size, a multiple of the cache line.
std::size_t binSize(std::size_t bin) {
    const std::size_t base = std::size_t{128} << (bin / 4);
    return roundedUp(base + base / 4 * (bin % 4), 64);
}

/// Gives the pages wholly inside a free block back; the addresses stay ours.
void dropPages(BlockHeader* block) {
    const auto begin = roundedUp(reinterpret_cast<std::uintptr_t>(block->data()), kPage);
    const auto end = (reinterpret_cast<std::uintptr_t>(block) + block->size) / kPage * kPage;
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace

BlockHeader* SmallPool::take(std::size_t size) {
    const auto bin = static_cast<std::uint8_t>(binOf(size + sizeof(BlockHeader)));
    BlockHeader* block = m_free[bin];
    if (block)
        m_free[bin] = block->next;
    else
        block = cut(binSize(bin), bin);
    if (block) block->free = false;
    return block;
}

BlockHeader* SmallPool::cut(std::size_t size, std::uint8_t bin) {
    if (!m_slab || kSlab - m_slabs[m_slab] < size) {
        m_slab = static_cast<std::byte*>(mappedAligned(kSlab));
        if (!m_slab) return nullptr;
    }
    std::size_t& taken = m_slabs[m_slab];
    auto* block = new (m_slab + taken) BlockHeader;
    block->size = size;
    block->bin = bin;
    block->small = true;
    taken += size;
    return block;
}

std::byte* SmallPool::slabOf(BlockHeader* block) {
    return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(block) / kSlab * kSlab);
}

void SmallPool::trim() {
    std::map<std::byte*, std::size_t> inUse = m_slabs;
    for (BlockHeader* first : m_free)
        for (BlockHeader* block = first; block; block = block->next) inUse[slabOf(block)] -= block->size;
    std::erase_if(inUse, [](const auto& slab) { return slab.second > 0; });
    for (BlockHeader*& first : m_free)
        for (BlockHeader** link = &first; *link;)
            if (inUse.contains(slabOf(*link)))
                *link = (*link)->next;
            else
                link = &(*link)->next;
    for (const auto& [slab, none] : inUse) {
        munmap(slab, kSlab);
        m_slabs.erase(slab);
        if (m_slab == slab) m_slab = nullptr;
    }
}

void SmallPool::give(BlockHeader* block) {
    block->free = true;
    block->next = m_free[block->bin];
    m_free[block->bin] = block;
}

BlockHeader* LargePool::take(std::size_t requested, std::size_t most) {
    const std::size_t size = roundedUp(requested + sizeof(BlockHeader), kGrain);
    // Of blocks of just that size the last, else the first of the smallest that are larger: pool_model follows.
    auto best = m_free.upper_bound(size);
    if (best != m_free.begin() && (*std::prev(best))->size == size) best = std::prev(best);
    BlockHeader* block = best != m_free.end() ? *best : grow(size, most);
    if (!block) return nullptr;
    eraseFree(block);
    split(block, size);
    block->free = false;
    m_leastFree = std::min(m_leastFree, m_freeBytes);
    if (++m_taken == kWindow) releaseSurplus();
    return block;
}

bool LargePool::reserveRange() {
    if (m_range || m_rangeRefused) return m_range;
    void* memory = mmap(nullptr, kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    m_rangeRefused = memory == MAP_FAILED;
    if (m_rangeRefused) return false;
    m_range = m_top = static_cast<std::byte*>(memory);
    m_end = m_range + kRange;
    return true;
}

/// A free block of at least `size` at the end of the range: what is free there already is part of it.
BlockHeader* LargePool::grow(std::size_t size, std::size_t most) {
    if (!reserveRange()) return map(size, most);
    const bool joins = m_last && m_last->free;
    const std::size_t more = joins ? size - m_last->size : size;
    if (more > most || more > static_cast<std::size_t>(m_end - m_top)) return nullptr;
    if (mprotect(m_top, more, PROT_READ | PROT_WRITE) != 0) return nullptr;
    m_reserved += more;
    BlockHeader* block = m_last;
    if (joins) {
        eraseFree(block);
        block->size += more;
    } else {
        block = new (m_top) BlockHeader;
        block->size = more;
        block->previous = m_last;
        if (m_last) m_last->next = block;
        m_last = block;
    }
    m_top += more;
    insertFree(block);
    return block;
}

BlockHeader* LargePool::map(std::size_t size, std::size_t most) {
    if (size > most) return nullptr;
    const std::size_t mapping = std::max(std::min(kMapping, most), size);
    void* memory = mapped(mapping);
    if (!memory && !m_free.empty()) {
        trim();
        memory = mapped(mapping);
    }
    if (!memory) return nullptr;
    m_reserved += mapping;
    auto* block = new (memory) BlockHeader;
    block->size = mapping;
    insertFree(block);
    return block;
}

void LargePool::split(BlockHeader* block, std::size_t size) {
    if (block->size - size < kLeastRest) return;
    auto* rest = new (reinterpret_cast<std::byte*>(block) + size) BlockHeader;
    rest->size = block->size - size;
    rest->previous = block;
    rest->next = block->next;
    if (rest->next) rest->next->previous = rest;
    if (m_last == block) m_last = rest;
    block->next = rest;
    block->size = size;
    insertFree(rest);
}

void LargePool::join(BlockHeader* lower, BlockHeader* upper) {
    lower->size += upper->size;
    lower->next = upper->next;
    if (lower->next) lower->next->previous = lower;
    if (m_last == upper) m_last = lower;
}

void LargePool::give(BlockHeader* block) {
    if (block->next && block->next->free) {
        eraseFree(block->next);
        join(block, block->next);
    }
    if (BlockHeader* below = block->previous; below && below->free) {
        eraseFree(below);
        join(below, block);
        block = below;
    }
    insertFree(block);
}

void LargePool::insertFree(BlockHeader* block) {
    block->free = true;
    m_freeBytes += block->size;
    m_free.insert(block);
}

void LargePool::eraseFree(BlockHeader* block) {
    m_freeBytes -= block->size;
    m_free.erase(block);
}

/// The free end of the range has no memory again; its addresses stay ours.
bool LargePool::shrinkAtEnd(BlockHeader* block) {
    if (block != m_last) return false;
    eraseFree(block);
    m_last = block->previous;
    if (m_last) m_last->next = nullptr;
    m_top = reinterpret_cast<std::byte*>(block);
    const std::size_t size = block->size;
    m_reserved -= size;
    madvise(m_top, size, MADV_DONTNEED);
    mprotect(m_top, size, PROT_NONE);
    return true;
}

/// Only a mapping that is one free block can go; its first block has no neighbours.
bool LargePool::unmapIfWhole(BlockHeader* block) {
    if (m_range && reinterpret_cast<std::byte*>(block) >= m_range && reinterpret_cast<std::byte*>(block) < m_end) return shrinkAtEnd(block);
    if (block->previous || block->next) return false;
    eraseFree(block);
    m_reserved -= block->size;
    munmap(block, block->size);
    return true;
}

void LargePool::trim() {
    const std::vector<BlockHeader*> blocks(m_free.begin(), m_free.end());
    for (BlockHeader* block : blocks)
        if (!unmapIfWhole(block)) dropPages(block);
}

/// What was free at every moment of the window was of no use in it: the largest free blocks go, up to that much.
void LargePool::releaseSurplus() {
    std::size_t surplus = m_leastFree;
    m_taken = 0;
    m_leastFree = SIZE_MAX;
    if (surplus < kSurplusWorthReturning) return;
    const std::vector<BlockHeader*> blocks(m_free.rbegin(), m_free.rend());
    for (BlockHeader* block : blocks) {
        const std::size_t size = block->size;
        if (size > surplus) continue;
        if (!unmapIfWhole(block)) dropPages(block);
        surplus -= size;
    }
}

}  // namespace headroom::tensor
