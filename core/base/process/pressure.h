// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "base/process/system_root.h"
#include "base/units/units.h"

namespace headroom::process {

/// What the system says of its memory at one moment.
struct MemoryReading {
    /// One line of /proc/pressure/memory (the kernel's accounting/psi.rst).
    struct Stall {
        double lastTenSeconds = 0;  ///< share of the time, 0 to 1 (avg10, which comes in per cent)
        double seconds = 0;         ///< since the machine was started (total)
    };
    std::optional<Stall> some;  ///< at least one task waited for memory; nothing where the kernel does not say
    std::optional<Stall> full;  ///< all that had something to do waited
    Bytes available = 0;        ///< as availableMemory()
    Bytes total = 0;            ///< as totalMemory()
};

MemoryReading readMemory(const SystemRoot& root = systemRoot());

/// Says when the system runs short of memory, early enough to give some back before the kernel ends somebody. Fed with a
/// reading about once a second.
///
/// Short is: less than a twentieth of the memory is available - of 40 GiB and more, less than 2 GiB, which is what one thread
/// can fill from one reading to the next (2.0 GiB per second of its time were measured). Or: for a tenth of the last ten
/// seconds, or a quarter of the time since the reading before, all programs at once waited for memory; a program that reads
/// what was pushed out of the file cache waits too, but not all of them do. It is over when twice the memory is available
/// and half the waiting is left: between the two nothing changes, so that a system near the line does not swing to and fro.
class PressureWatch {
public:
    /// `seconds` of a clock that never goes back. True where memory is to be given back now: when the system becomes short,
    /// and every kAgainAfterSeconds while it stays so - what was given back takes a while to show.
    bool isDue(const MemoryReading& reading, double seconds);

    bool isShort() const { return m_short; }

    static constexpr double kAgainAfterSeconds = 5;

private:
    std::optional<MemoryReading::Stall> m_before;
    double m_beforeSeconds = 0, m_toldSeconds = 0;
    bool m_short = false;
};

/// "Memory is short: 312.0 MiB of 15.6 GiB are left, for 12 % of the last ten seconds all programs waited for memory."
std::string shortageText(const MemoryReading& reading);

}  // namespace headroom::process
