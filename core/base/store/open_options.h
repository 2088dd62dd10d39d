// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>

namespace headroom::store {

enum class FileSystem {
    Local,    ///< locks and shared memory work
    Network,  ///< NFS, CIFS, FUSE, 9P ...: no write-ahead log there (DB-07)
};

/// Asks the kernel what lies under `path`.
FileSystem fileSystemOf(const std::filesystem::path& path);

/// Where the store touches the ground. Tests put faults here; everybody else takes the defaults.
struct OpenOptions {
    std::function<FileSystem(const std::filesystem::path&)> fileSystem = fileSystemOf;
    std::string vfs{};            ///< name of the SQLite VFS; empty = the system's
    int commitIntervalMs = 1000;  ///< 0 = the writer commits only when told to
};

}  // namespace headroom::store
