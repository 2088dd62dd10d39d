// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace headroom::store {

/// The system calls under a file's replacement. Tests put a full or failing disk here.
struct FileCalls {
    ssize_t (*write)(int, const void*, size_t);
    int (*sync)(int);
    int (*rename)(const char*, const char*);

    static const FileCalls& system();
};

/// Replaces `path` so that at any moment, also after a power cut, either the old or the new content is there: temporary
/// file beside it, fsync, rename, fsync of the folder. Throws DSK-01 (full), DSK-02; the old file then stays.
void writeAtomically(const std::filesystem::path& path, std::string_view bytes,
                     const FileCalls& calls = FileCalls::system());

/// Makes names in the folder last: after something in it was made, renamed or removed.
void syncFolder(const std::filesystem::path& folder);

/// The whole file. Throws DSK-02 where it cannot be read.
std::string readWhole(const std::filesystem::path& path);

}  // namespace headroom::store
