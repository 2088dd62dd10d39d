// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/scratch_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/errors/error.h"

namespace headroom::tensor {
namespace {

constexpr Bytes kMostOnItsWay = 64 * kMiB;  // written, and not known to be on the disk

std::string reason(int error) { return std::generic_category().message(error); }

int openUnnamed(const std::filesystem::path& folder) {
    const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
    std::string name = (folder / "scratch-XXXXXX").string();  // a file system that knows only files with names
    const int named = mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) unlink(name.c_str());
    return named;
}

/// All of it, however many calls that takes. `move` as pread and pwrite.
template <class Byte>
bool moveAll(ssize_t (*move)(int, Byte*, std::size_t, off_t), int file, Byte* data, Bytes bytes, Bytes place) {
    auto* at = static_cast<std::conditional_t<std::is_const_v<Byte>, const char, char>*>(data);
    while (bytes > 0) {
        const ssize_t moved = move(file, at, static_cast<std::size_t>(bytes), place);
        if (moved < 0 && errno == EINTR) continue;
        if (moved == 0) errno = EIO;
        if (moved <= 0) return false;
        at += moved, place += moved, bytes -= moved;
    }
    return true;
}

}  // namespace

ScratchFile::ScratchFile(std::filesystem::path folder, std::string without)
    : m_folder(std::move(folder)), m_without(std::move(without)), m_file(openUnnamed(m_folder)) {
    if (m_file < 0) refuse("the folder takes no file for what is to wait outside of memory", reason(errno), {}, "Make the folder writable");
}

void ScratchFile::refuse(std::string problem, std::string found, std::string allowed, std::string_view room) const {
    throw Error(Failure{Code::Mem03, escaped(m_folder.string()), std::move(problem), std::move(found), std::move(allowed),
                        fmt::format("{}, or {}.", room, m_without)});
}

void ScratchFile::failed(std::string problem, int error) const {
    throw Error(Failure{Code::Dsk02, escaped(m_folder.string()), std::move(problem), reason(error), {},
                        fmt::format("Go on from the last checkpoint on another disk, or {}.", m_without)});
}

ScratchFile::~ScratchFile() {
    if (m_file >= 0) close(m_file);
}

void ScratchFile::reserve(Bytes bytes) {
    if (bytes <= m_size) return;
    if (const int error = posix_fallocate(m_file, 0, bytes); error != 0) {
        if (ftruncate(m_file, m_size) != 0) m_size = 0;  // what came is given back
        std::error_code ignored;
        const auto space = std::filesystem::space(m_folder, ignored);
        refuse("the disk has no room for what is to wait outside of memory", fmt::format("{} needed", readableBytes(bytes)),
               fmt::format("{} free", readableBytes(static_cast<Bytes>(space.available))), "Free some space");
    }
    m_size = bytes;
}

void ScratchFile::write(Bytes place, const void* from, Bytes bytes) {
    if (!moveAll<const void>(pwrite, m_file, from, bytes, place)) failed("what waits outside of memory cannot be written", errno);
    send(place, bytes);
}

void* ScratchFile::map(Bytes place, Bytes bytes) {
    void* const memory = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, m_file, place);
    if (memory != MAP_FAILED) return memory;
    refuse("what is to wait outside of memory cannot be mapped", reason(errno), {}, "Use a folder on another disk");
}

void ScratchFile::expect(Bytes place, Bytes bytes) { posix_fadvise(m_file, place, bytes, POSIX_FADV_WILLNEED); }

void ScratchFile::send(Bytes place, Bytes bytes) {
    sync_file_range(m_file, place, bytes, SYNC_FILE_RANGE_WRITE);
    m_written.push_back({place, bytes});
    m_writtenBytes += bytes;
    while (m_writtenBytes > kMostOnItsWay) {
        const Range oldest = m_written.front();
        m_written.pop_front();
        m_writtenBytes -= oldest.bytes;
        sync_file_range(m_file, oldest.place, oldest.bytes,
                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
        letGo(oldest);
    }
}

void ScratchFile::read(Bytes place, void* to, Bytes bytes) {
    if (!moveAll<void>(pread, m_file, to, bytes, place)) failed("what waits outside of memory cannot be read", errno);
    letGo({place, bytes});
}

/// Pages that are on the disk leave the cache; others the system keeps.
void ScratchFile::letGo(const Range& range) { posix_fadvise(m_file, range.place, range.bytes, POSIX_FADV_DONTNEED); }

}  // namespace headroom::tensor
