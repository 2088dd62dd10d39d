// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>

namespace headroom::test {

enum class Fault { None, DiskFull, WriteError, SyncError, NoSharedMemory };

/// A file system below SQLite that fails on demand. Registered under kName on construction; goes back to working when
/// destroyed. Every test asserts fired().
class FaultyVfs {
public:
    static constexpr const char* kName = "headroom-faulty";

    FaultyVfs();
    ~FaultyVfs();
    FaultyVfs(const FaultyVfs&) = delete;
    FaultyVfs& operator=(const FaultyVfs&) = delete;

    /// The fault happens after `operations` more of its kind went well, until repair().
    void fail(Fault fault, int operations = 0);
    void repair();
    /// How often the fault happened.
    int fired() const;
};

}  // namespace headroom::test
