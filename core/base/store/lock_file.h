// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>

#include "base/process/liveness.h"

namespace headroom::store {

/// An exclusive flock on a file, with the holder's pid and start time written into it. Freed by the kernel when the
/// holder dies, however it dies.
class LockFile {
public:
    /// Nothing where somebody else (or another LockFile of this process) holds it. Throws DSK-02 where the file cannot
    /// be made.
    static std::optional<LockFile> tryTake(const std::filesystem::path& path);
    /// Takes over the descriptor of a lock that this process held before it replaced itself (execv).
    static LockFile adopt(int descriptor);
    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&& other) noexcept;
    ~LockFile();

    int descriptor() const { return m_descriptor; }
    /// From now on the lock survives execv; pass descriptor() on and adopt() it there.
    void keepAcrossExec() const;

private:
    explicit LockFile(int descriptor) : m_descriptor(descriptor) {}
    void release();

    int m_descriptor = -1;
};

/// Whether somebody holds the lock. Never creates the file.
bool isHeld(const std::filesystem::path& path);
/// Who wrote itself into the file last; it need not hold the lock any more.
std::optional<process::ProcessId> recordedHolder(const std::filesystem::path& path);

}  // namespace headroom::store
