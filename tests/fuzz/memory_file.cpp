// SPDX-License-Identifier: Apache-2.0
#include "memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/errors/error.h"

namespace headroom::fuzz {

MemoryFile::MemoryFile(const std::uint8_t* bytes, std::size_t size)
    : m_descriptor(::memfd_create("fuzz", MFD_CLOEXEC)) {
    promise(m_descriptor >= 0 && ::write(m_descriptor, bytes, size) == static_cast<ssize_t>(size));
}

MemoryFile::~MemoryFile() { ::close(m_descriptor); }

std::filesystem::path MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(m_descriptor); }

void expectResultOrError(const std::function<void()>& read) {
    try {
        read();
    } catch (const Error& error) {
        promise(error.what()[0] != '\0');
    }
}

void promise(bool holds) {
    if (!holds) std::abort();
}

}  // namespace headroom::fuzz
