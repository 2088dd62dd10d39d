// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <filesystem>

#include "base/units/units.h"

namespace headroom::tensor {

/// A file without a name in a folder: it is gone with the process, however that ends. Bytes go by pwrite and pread, so that the
/// process does not grow by what it holds, and the system's cache keeps little of it: a memory cgroup counts that too.
class ScratchFile {
public:
    /// Throws MEM-03 where the folder takes no file.
    explicit ScratchFile(std::filesystem::path folder);
    ~ScratchFile();
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    /// At least so many bytes, really there on the disk. Throws MEM-03 where the disk lacks them.
    void reserve(Bytes bytes);
    Bytes size() const { return m_size; }

    /// Throw DSK-02 where the disk fails.
    void write(Bytes place, const void* from, Bytes bytes);
    void read(Bytes place, void* to, Bytes bytes);

private:
    struct Range {
        Bytes place, bytes;
    };
    void letGo(const Range& range);

    std::filesystem::path m_folder;
    int m_file = -1;
    Bytes m_size = 0;
    std::deque<Range> m_written;  ///< on their way to the disk, the oldest first
    Bytes m_writtenBytes = 0;
};

}  // namespace headroom::tensor
