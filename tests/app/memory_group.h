// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QString>

#include <cstdint>
#include <filesystem>

namespace headroom::test {

/// A real memory cgroup with a limit, made for the test and removed after it; what still runs in it is ended.
class MemoryGroup {
public:
    explicit MemoryGroup(std::int64_t limit);
    ~MemoryGroup();
    MemoryGroup(const MemoryGroup&) = delete;
    MemoryGroup& operator=(const MemoryGroup&) = delete;

    /// Why there is none; empty where there is one.
    const QString& reason() const { return m_reason; }
    QString folder() const { return QString::fromStdString(m_folder.string()); }
    /// How many of its processes the kernel has ended.
    int kills() const;
    /// A process in the group takes memory until the kernel has ended one more, gives it back and ends, if it is not ended
    /// too. False where the kernel ended none within `most` bytes.
    bool fillUntilAKill(std::int64_t most) const;

private:
    bool make(const std::filesystem::path& parent, const char* limitFile, const char* eventsFile, std::int64_t limit);

    std::filesystem::path m_folder, m_events;
    QString m_reason;
};

}  // namespace headroom::test
