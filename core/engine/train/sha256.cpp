// SPDX-License-Identifier: Apache-2.0
#include "engine/train/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <vector>

#include "base/errors/error.h"

namespace headroom::train {

Sha256::Sha256() : m_context(EVP_MD_CTX_new()) { EVP_DigestInit_ex(m_context, EVP_sha256(), nullptr); }

Sha256::~Sha256() { EVP_MD_CTX_free(m_context); }

void Sha256::update(std::span<const std::byte> bytes) { EVP_DigestUpdate(m_context, bytes.data(), bytes.size()); }

std::string Sha256::hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(m_context, digest.data(), nullptr);
    std::string text;
    for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
    return text;
}

std::string sha256OfFile(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    Sha256 sum;
    std::vector<char> block(std::size_t{1} << 20);
    while (in.read(block.data(), std::ssize(block)) || in.gcount() > 0)
        sum.update(std::as_bytes(std::span(block.data(), static_cast<std::size_t>(in.gcount()))));
    if (!in.eof()) throw Error(Failure{Code::Dsk02, escaped(file.filename().string()), "the file cannot be read", {}, {}, {}});
    return sum.hex();
}

}  // namespace headroom::train
