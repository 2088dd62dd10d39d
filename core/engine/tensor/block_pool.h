// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace headroom::tensor {

/// What stands in the 64 bytes before every block that the pools hand out.
struct alignas(64) BlockHeader {
    std::size_t requested = 0;      ///< bytes that the caller asked for
    std::size_t size = 0;           ///< bytes of the whole block with this header
    BlockHeader* previous = nullptr;///< neighbour below in the same mapping (large blocks)
    BlockHeader* next = nullptr;    ///< neighbour above; in a free list of small blocks: the next free one
    std::uint8_t kind = 0;          ///< plan::Kind
    std::uint8_t bin = 0;           ///< of a small block
    bool small = false;
    bool free = false;

    void* data() { return this + 1; }
    static BlockHeader* of(void* data) { return static_cast<BlockHeader*>(data) - 1; }
};
static_assert(sizeof(BlockHeader) == 64);

/// Blocks up to kLargest bytes, four sizes to a doubling, cut from slabs. A block serves its own size alone, so slabs stay until
/// trim() finds one without a block in use.
class SmallPool {
public:
    static constexpr std::size_t kLargest = 128 * 1024;

    /// nullptr where the system has no memory left.
    BlockHeader* take(std::size_t size);
    void give(BlockHeader* block);
    /// Gives the slabs back of which nothing is in use.
    void trim();
    std::size_t reserved() const { return m_slabs.size() * kSlab; }

private:
    static constexpr std::size_t kSlab = 1024 * 1024;
    static constexpr std::size_t kBins = 48;
    BlockHeader* cut(std::size_t size, std::uint8_t bin);

    static std::byte* slabOf(BlockHeader* block);

    std::array<BlockHeader*, kBins> m_free{};
    std::map<std::byte*, std::size_t> m_slabs;  ///< bytes that were cut from each; a slab begins at a multiple of its size
    std::byte* m_slab = nullptr;                ///< the one that blocks are cut from
};

/// Larger blocks: best fit in one range of addresses that grows at its end, split and joined again, so that a step's memory
/// serves the next one without a page fault, and no border between mappings keeps two free blocks apart. Where the system
/// refuses such a range, in single mappings. Memory that no step of a long window needed is given back.
class LargePool {
public:
    /// nullptr where the system has no memory left, or more than `most` further bytes of it were needed.
    BlockHeader* take(std::size_t size, std::size_t most);
    void give(BlockHeader* block);
    /// Gives back all that is free.
    void trim();
    std::size_t reserved() const { return m_reserved; }

private:
    struct Smaller {
        using is_transparent = void;
        bool operator()(const BlockHeader* a, const BlockHeader* b) const {
            return a->size != b->size ? a->size < b->size : a < b;
        }
        bool operator()(std::size_t size, const BlockHeader* block) const { return size < block->size; }
        bool operator()(const BlockHeader* block, std::size_t size) const { return block->size < size; }
    };
    BlockHeader* grow(std::size_t size, std::size_t most);
    BlockHeader* map(std::size_t size, std::size_t most);
    bool reserveRange();
    bool shrinkAtEnd(BlockHeader* block);
    void split(BlockHeader* block, std::size_t size);
    void join(BlockHeader* lower, BlockHeader* upper);
    void insertFree(BlockHeader* block);
    void eraseFree(BlockHeader* block);
    bool unmapIfWhole(BlockHeader* block);
    void releaseSurplus();

    std::set<BlockHeader*, Smaller> m_free;
    std::byte* m_range = nullptr;        ///< addresses that are ours; what lies beyond m_top has no memory yet
    std::byte* m_top = nullptr;
    std::byte* m_end = nullptr;
    BlockHeader* m_last = nullptr;       ///< the block that ends at m_top
    bool m_rangeRefused = false;
    std::size_t m_reserved = 0;
    std::size_t m_freeBytes = 0;
    std::size_t m_leastFree = SIZE_MAX;  ///< in the present window
    std::uint32_t m_taken = 0;           ///< in the present window
};

}  // namespace headroom::tensor
