// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>

#include "base/plan/program.h"
#include "base/units/units.h"

// The one CPU allocator of the engine. LibTorch asks it for every tensor once install() has run: it counts the bytes
// that were asked for by what they are for, holds to a budget, and keeps freed memory for the next step.
namespace headroom::tensor {

/// A snapshot of the counters. Bytes are those asked for, without headers and rounding.
struct MemoryCounts {
    plan::BytesByKind live{};
    Bytes liveTotal = 0;
    Bytes peakTotal = 0;          ///< largest liveTotal since resetPeak()
    plan::BytesByKind atPeak{};   ///< composition at that moment
    Bytes reserved = 0;           ///< mapped from the system, in use or kept for reuse
    std::uint64_t allocations = 0;///< since the program started, but for those whose room was assured
};

/// Makes LibTorch use this allocator from now on. May be called again. Tensors made before keep their memory.
void installAllocator();
MemoryCounts memoryCounts();
/// The peak and its composition start again from what is live now.
void resetPeak();

/// The largest number of live bytes since the last call, with its composition: for one reader that asks again and again.
struct MemoryPeak {
    Bytes total = 0;
    plan::BytesByKind byKind{};
};
MemoryPeak takeRecentPeak();

/// An allocation with which more than `budget` bytes were live, or a large one (over 128 KiB) for which the pools had to hold
/// more than that of the system's memory, throws c10::OutOfMemoryError, as a device without memory does. What
/// the pools hold already and nobody uses is given back first. 0: no limit.
void setMemoryBudget(Bytes budget);
Bytes memoryBudget();

/// What the last allocation that was refused, for whatever reason, had asked for; all 0 before the first.
struct Refusal {
    Bytes asked = 0;   ///< bytes of the allocation
    Bytes live = 0;    ///< in use at that moment
    Bytes held = 0;    ///< of the system's memory at that moment, in use or kept for reuse
    Bytes budget = 0;  ///< 0: none was set
};
Refusal lastRefusal();
/// What the message of our allocator's c10::OutOfMemoryError begins with.
constexpr std::string_view kRefused = "not enough memory";

/// Assures room for `bytes` more than is in use, asked for like one allocation: while it lives, no CPU allocation is refused for
/// the budget's sake, nor by an injected fault. For work that cannot be undone once it has begun.
/// Throws c10::OutOfMemoryError where there is no such room.
class AssuredMemory {
public:
    explicit AssuredMemory(Bytes bytes);
    ~AssuredMemory();
    AssuredMemory(const AssuredMemory&) = delete;
    AssuredMemory& operator=(const AssuredMemory&) = delete;
};

/// Gives kept memory back to the system, all of it that is not in use.
void trimMemory();

/// What this thread's allocations are for while the scope lives; Kind::Other outside any.
class MemoryScope {
public:
    explicit MemoryScope(plan::Kind kind);
    ~MemoryScope();
    MemoryScope(const MemoryScope&) = delete;
    MemoryScope& operator=(const MemoryScope&) = delete;

private:
    plan::Kind m_previous;
};

/// Counts the block that begins at `data` as `kind` from now on. `data` must come from this allocator.
void relabel(void* data, plan::Kind kind);

/// For tests: lets allocations fail as if memory had run out.
enum class FaultMode {
    Once,        ///< one allocation fails
    Persistent,  ///< it and all after it
    Ceiling      ///< it, and from then on whatever would reach beyond what was in use: the machine has no more
};
/// The `countdown`-th allocation of this process from now (1 = the next) fails. 0 ends injection.
void injectAllocationFault(std::int64_t countdown, FaultMode mode);
/// Whether an injected fault has struck since it was set.
bool allocationFaultFired();

}  // namespace headroom::tensor
