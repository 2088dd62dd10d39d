// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace headroom::train {

/// SHA-256 of bytes given piece by piece.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::span<const std::byte> bytes);
    /// 64 lower-case digits. Ends the computation.
    std::string hex();

private:
    evp_md_ctx_st* m_context;
};

/// Of a file's bytes. Throws DSK-02 where it cannot be read.
std::string sha256OfFile(const std::filesystem::path& file);

}  // namespace headroom::train
