// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/errors/codes.h"

namespace headroom::formats {

/// A foreign file, opened for reading with pread and never mapped: one that shrinks must not end the process.
class File {
public:
    /// Throws DAT-04 where the path is missing, unreadable or no regular file; never waits (a FIFO would block).
    explicit File(const std::filesystem::path& path);
    ~File();
    File(File&& other) noexcept;
    File& operator=(File&&) = delete;

    std::uint64_t size() const { return static_cast<std::uint64_t>(m_status.st_size); }
    /// Base name, escaped for messages.
    const std::string& name() const { return m_name; }
    /// Up to `out.size()` bytes from `offset`; fewer only at the end. Throws DAT-04 where the medium fails.
    std::size_t readAt(std::uint64_t offset, std::span<std::byte> out) const;
    /// All of `out`, or Error `code`: the file changed while it was read.
    void readExactly(std::uint64_t offset, std::span<std::byte> out, Code code) const;
    /// Throws `code` where size or time of the last change differ from when it was opened.
    void requireUnchanged(Code code) const;
    [[noreturn]] void refuseChanged(Code code) const;

private:
    std::string m_name;
    int m_descriptor = -1;
    struct stat m_status {};
};

/// Bytes in order, plain or decompressed.
class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Up to `out.size()` bytes; 0 only at the end.
    virtual std::size_t read(std::span<std::byte> out) = 0;
};

/// `file` from its start; gzip is recognised by its first two bytes. Damaged gzip data throws `damaged`, plain files
/// that end before their size `changed`. The stream borrows the file.
std::unique_ptr<ByteStream> openStream(const File& file, Code damaged, Code changed);
bool isGzip(const File& file);

/// First bytes of a file, at most `count`.
std::string head(const File& file, std::size_t count);

}  // namespace headroom::formats
