// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace headroom::fuzz {

/// Bytes as a file without a disk: the readers take paths.
class MemoryFile {
public:
    MemoryFile(const std::uint8_t* bytes, std::size_t size);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::filesystem::path path() const;

private:
    int m_descriptor;
};

/// Runs `read`; an Error of ours is a good end, every other exception and every broken promise a find.
void expectResultOrError(const std::function<void()>& read);
/// Stops the fuzzer where a promise of a reader's result does not hold.
void promise(bool holds);

}  // namespace headroom::fuzz
