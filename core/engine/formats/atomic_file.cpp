// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/errors/error.h"

namespace headroom::formats {
namespace {

std::filesystem::path temporaryBeside(const std::filesystem::path& path) {
    static std::atomic<int> number = 0;
    return path.string() + fmt::format(".{}-{}.tmp", ::getpid(), number++);
}

std::filesystem::path folderOf(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : m_path(std::move(path)), m_temporary(temporaryBeside(m_path)) {
    m_descriptor = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (m_descriptor < 0) refuse("cannot be created");
}

AtomicFile::~AtomicFile() {
    if (m_descriptor >= 0) ::close(m_descriptor);
    if (!m_committed) ::unlink(m_temporary.c_str());
}

void AtomicFile::writeAt(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(m_descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) refuse("cannot be written");
        offset += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void AtomicFile::commit() {
    if (::fsync(m_descriptor) != 0) refuse("cannot be written");
    if (::rename(m_temporary.c_str(), m_path.c_str()) != 0) refuse("cannot be renamed into place");
    m_committed = true;
    const int folder = ::open(folderOf(m_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && ::fsync(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    errno = error;
    if (!synced) refuse("its folder cannot be written");
}

void AtomicFile::refuse(const char* problem) const {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    throw Error({full ? Code::Dsk01 : Code::Dsk02, escaped(m_path.filename().string()),
                 full ? "the disk is full" : problem,
                 fmt::format("{} in {}", std::strerror(error), escaped(folderOf(m_path).string())), "",
                 full ? "Free some space or choose another folder." : "Choose a folder that can be written."});
}

}  // namespace headroom::formats
