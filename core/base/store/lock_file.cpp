// SPDX-License-Identifier: Apache-2.0
#include "base/store/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/errors/error.h"
#include "base/process/descriptor.h"

namespace headroom::store {
namespace {

void writeHolder(int descriptor) {
    const auto me = process::self();
    const auto text = fmt::format("{} {}\n", me.pid, me.startTime);
    if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) < 0)
        errno = 0;  // on a full disk the lock itself still holds; only "who" stays unknown
}

}  // namespace

std::optional<LockFile> LockFile::tryTake(const std::filesystem::path& path) {
    process::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file)
        throw Error({.code = Code::Dsk02,
                     .subject = escaped(path.filename().string()),
                     .problem = "the lock file cannot be made",
                     .found = std::strerror(errno),
                     .remedy = fmt::format("Check the rights of {}.", escaped(path.parent_path().string()))});
    if (::flock(file.value(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
    writeHolder(file.value());
    return LockFile(::fcntl(file.value(), F_DUPFD_CLOEXEC, 3));  // the copy keeps the lock when `file` closes
}

LockFile LockFile::adopt(int descriptor) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    writeHolder(descriptor);
    return LockFile(descriptor);
}

LockFile::LockFile(LockFile&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
    if (this != &other) {
        release();
        m_descriptor = std::exchange(other.m_descriptor, -1);
    }
    return *this;
}

LockFile::~LockFile() { release(); }

void LockFile::release() {
    if (m_descriptor < 0) return;
    if (::ftruncate(m_descriptor, 0) != 0) errno = 0;  // the name of a past holder does no harm
    ::close(m_descriptor);
    m_descriptor = -1;
}

void LockFile::keepAcrossExec() const { ::fcntl(m_descriptor, F_SETFD, 0); }

bool isHeld(const std::filesystem::path& path) {
    const process::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // A shared lock does not keep other lookers out; a worker that meets it tries again (RunWriter).
    return file && ::flock(file.value(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::optional<process::ProcessId> recordedHolder(const std::filesystem::path& path) {
    std::ifstream file(path);
    process::ProcessId holder;
    if (!(file >> holder.pid >> holder.startTime)) return std::nullopt;
    return holder;
}

}  // namespace headroom::store
