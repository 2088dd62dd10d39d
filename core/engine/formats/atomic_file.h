// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace headroom::formats {

/// A file that appears whole or not at all: written under a temporary name (`<name>.<pid>-<number>.tmp`) in the same
/// folder, then fsync, rename, fsync of the folder. Without `commit` the temporary file is removed. Throws DSK-01
/// (full), DSK-02.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void writeAt(std::uint64_t offset, std::span<const std::byte> bytes);
    void commit();

private:
    [[noreturn]] void refuse(const char* problem) const;

    std::filesystem::path m_path, m_temporary;
    int m_descriptor = -1;
    bool m_committed = false;
};

}  // namespace headroom::formats
