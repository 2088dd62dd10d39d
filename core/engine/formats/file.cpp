// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/errors/error.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

[[noreturn]] void refuse(const std::string& name, std::string problem, std::string found = {}) {
    throw Error({Code::Dat04, name, std::move(problem), std::move(found), "", "Choose a readable file or folder."});
}

class PlainStream final : public ByteStream {
public:
    PlainStream(const File& file, Code changed) : m_file(file), m_changed(changed) {}

    std::size_t read(std::span<std::byte> out) override {
        const std::size_t count = m_file.readAt(m_offset, out);
        m_offset += count;
        if (count == 0 && !out.empty() && m_offset != m_file.size()) m_file.refuseChanged(m_changed);
        return count;
    }

private:
    const File& m_file;
    Code m_changed;
    std::uint64_t m_offset = 0;
};

/// RFC 1952, also several members behind each other.
class GzipStream final : public ByteStream {
public:
    GzipStream(const File& file, Code damaged) : m_file(file), m_damaged(damaged), m_input(kBlock) {
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        if (inflateInit2(&m_zlib, kGzipOnly) != Z_OK) refuse(file.name(), "no memory to decompress it");
    }
    ~GzipStream() override { inflateEnd(&m_zlib); }
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;

    std::size_t read(std::span<std::byte> out) override {
        constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
        out = out.first(std::min(out.size(), kMost));
        m_zlib.next_out = reinterpret_cast<Bytef*>(out.data());
        m_zlib.avail_out = static_cast<uInt>(out.size());
        while (m_zlib.avail_out > 0 && refill()) step();
        const std::size_t made = out.size() - m_zlib.avail_out;
        m_made += made;
        return made;
    }

private:
    static constexpr std::size_t kBlock = 64 * 1024;

    /// False at the end of the file, which must be the end of a member.
    bool refill() {
        if (m_zlib.avail_in > 0) return true;
        const std::size_t count = m_file.readAt(m_offset, m_input);
        m_offset += count;
        m_zlib.next_in = reinterpret_cast<Bytef*>(m_input.data());
        m_zlib.avail_in = static_cast<uInt>(count);
        if (count == 0 && m_inMember) refuseDamaged("the compressed data ends early");
        return count > 0;
    }

    void step() {
        if (!m_inMember) {
            inflateReset(&m_zlib);
            m_inMember = true;
        }
        const int result = inflate(&m_zlib, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            m_inMember = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            refuseDamaged("the compressed data is damaged");
    }

    [[noreturn]] void refuseDamaged(const char* problem) const {
        const std::uint64_t made = m_made + m_zlib.total_out;
        throw Error({m_damaged, m_file.name(), problem,
                     "byte " + groupedUnsigned(m_offset - m_zlib.avail_in) + " of " + groupedUnsigned(m_file.size()),
                     made > 0 ? "after decompressing part of it" : "", "Download or compress the file again."});
    }

    const File& m_file;
    Code m_damaged;
    std::vector<std::byte> m_input;
    z_stream m_zlib{};
    std::uint64_t m_offset = 0;
    std::uint64_t m_made = 0;
    bool m_inMember = true;
};

}  // namespace

File::File(const std::filesystem::path& path) : m_name(escaped(path.filename().string())) {
    // Without O_NONBLOCK opening a FIFO waits for its other end; O_NOCTTY keeps a terminal from becoming ours.
    m_descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (m_descriptor < 0)
        refuse(m_name, errno == ENOENT ? "there is no such file" : "cannot be opened", std::strerror(errno));
    if (::fstat(m_descriptor, &m_status) != 0 || !S_ISREG(m_status.st_mode)) {
        ::close(m_descriptor);
        refuse(m_name, "not a regular file");
    }
}

File::~File() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

File::File(File&& other) noexcept
    : m_name(std::move(other.m_name)), m_descriptor(std::exchange(other.m_descriptor, -1)), m_status(other.m_status) {}

std::size_t File::readAt(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t count =
            ::pread(m_descriptor, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (count == 0) break;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) refuse(m_name, "cannot be read", std::strerror(errno));
        done += static_cast<std::size_t>(count);
    }
    return done;
}

void File::readExactly(std::uint64_t offset, std::span<std::byte> out, Code code) const {
    if (readAt(offset, out) != out.size()) refuseChanged(code);
}

void File::requireUnchanged(Code code) const {
    struct stat now {};
    const bool same = ::fstat(m_descriptor, &now) == 0 && now.st_size == m_status.st_size &&
                      now.st_mtim.tv_sec == m_status.st_mtim.tv_sec && now.st_mtim.tv_nsec == m_status.st_mtim.tv_nsec;
    if (!same) refuseChanged(code);
}

void File::refuseChanged(Code code) const {
    struct stat now {};
    const bool known = ::fstat(m_descriptor, &now) == 0;
    throw Error({code, m_name, "the file changed while it was read", bytesText(size()) + " at first",
                 known ? groupedUnsigned(static_cast<std::uint64_t>(now.st_size)) + " now" : "",
                 "Wait until nothing writes to it and try again."});
}

bool isGzip(const File& file) { return head(file, 2) == "\x1F\x8B"; }

std::unique_ptr<ByteStream> openStream(const File& file, Code damaged, Code changed) {
    if (isGzip(file)) return std::make_unique<GzipStream>(file, damaged);
    return std::make_unique<PlainStream>(file, changed);
}

std::string head(const File& file, std::size_t count) {
    std::string bytes(std::min<std::uint64_t>(count, file.size()), '\0');
    bytes.resize(file.readAt(0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
}

}  // namespace headroom::formats
