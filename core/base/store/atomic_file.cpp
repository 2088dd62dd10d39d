// SPDX-License-Identifier: Apache-2.0
#include "base/store/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/errors/error.h"
#include "base/process/descriptor.h"

namespace headroom::store {
namespace {

Error diskError(const std::filesystem::path& path, int error) {
    const std::string subject = escaped(path.filename().string());
    if (error == ENOSPC || error == EDQUOT)
        return Error({.code = Code::Dsk01,
                      .subject = subject,
                      .problem = "the disk is full; the file is unchanged",
                      .remedy = fmt::format("Free some space in {}.", escaped(path.parent_path().string()))});
    return Error({.code = Code::Dsk02,
                  .subject = subject,
                  .problem = "it cannot be written",
                  .found = std::strerror(error),
                  .remedy = fmt::format("Check the rights of {}.", escaped(path.parent_path().string()))});
}

/// A temporary file that is removed unless it became the real one.
class Temporary {
public:
    explicit Temporary(const std::filesystem::path& target) : m_path(target) {
        static std::atomic<unsigned> counter{0};  // two threads may write the same file
        m_path += fmt::format(".{}-{}.tmp", ::getpid(), counter++);
    }
    ~Temporary() {
        if (!m_path.empty()) ::unlink(m_path.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    const char* path() const { return m_path.c_str(); }
    void becameReal() { m_path.clear(); }

private:
    std::filesystem::path m_path;
};

bool writeAll(int file, std::string_view bytes, const FileCalls& calls) {
    while (!bytes.empty()) {
        const ssize_t written = calls.write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

const FileCalls& FileCalls::system() {
    static const FileCalls calls{::write, ::fsync, ::rename};
    return calls;
}

void writeAtomically(const std::filesystem::path& path, std::string_view bytes, const FileCalls& calls) {
    Temporary temporary(path);
    process::Descriptor file(::open(temporary.path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file || !writeAll(file.value(), bytes, calls) || calls.sync(file.value()) != 0) throw diskError(path, errno);
    file.close();
    if (calls.rename(temporary.path(), path.c_str()) != 0) throw diskError(path, errno);
    temporary.becameReal();
    syncFolder(path.parent_path());
}

void syncFolder(const std::filesystem::path& folder) {
    const process::Descriptor opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems cannot sync a folder (EINVAL); the rename itself was done, so that is no failure.
    if (opened && ::fsync(opened.value()) != 0 && errno != EINVAL) throw diskError(folder, errno);
}

std::string readWhole(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad())
        throw Error({.code = Code::Dsk02,
                     .subject = escaped(path.filename().string()),
                     .problem = "it cannot be read",
                     .found = std::strerror(errno),
                     .remedy = fmt::format("Check the rights of {}.", escaped(path.parent_path().string()))});
    return bytes;
}

}  // namespace headroom::store
