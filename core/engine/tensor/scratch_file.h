// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <filesystem>
#include <string>

#include "base/units/units.h"

namespace headroom::tensor {

/// A file without a name in a folder: it is gone with the process, however that ends. The process does not grow by what it
/// holds, but for pages of a mapping that are touched, and the system's cache keeps little of it: a memory cgroup counts that too.
class ScratchFile {
public:
    /// `without` is what a refusal proposes besides more room ("set memory.offload to off"). Throws MEM-03 where the folder takes
    /// no file.
    ScratchFile(std::filesystem::path folder, std::string without);
    ~ScratchFile();
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    /// At least so many bytes, really there on the disk. Throws MEM-03 where the disk lacks them.
    void reserve(Bytes bytes);
    Bytes size() const { return m_size; }

    /// Throw DSK-02 where the disk fails.
    void write(Bytes place, const void* from, Bytes bytes);
    void read(Bytes place, void* to, Bytes bytes);

    /// These bytes as memory, from a multiple of the system's pages on; the pages of others are not touched. Throws MEM-03.
    /// Where the disk fails later, the process ends by SIGBUS. munmap() gives the range back.
    void* map(Bytes place, Bytes bytes);
    /// What a mapping wrote there goes to the disk, and from the system's cache when it is there.
    void send(Bytes place, Bytes bytes);
    /// What is about to be read there comes into the system's cache meanwhile.
    void expect(Bytes place, Bytes bytes);

private:
    struct Range {
        Bytes place, bytes;
    };
    void letGo(const Range& range);
    [[noreturn]] void refuse(std::string problem, std::string found, std::string allowed, std::string_view room) const;
    [[noreturn]] void failed(std::string problem, int error) const;

    const std::filesystem::path m_folder;
    const std::string m_without;
    int m_file = -1;
    Bytes m_size = 0;
    std::deque<Range> m_written;  ///< on their way to the disk, the oldest first
    Bytes m_writtenBytes = 0;
};

}  // namespace headroom::tensor
