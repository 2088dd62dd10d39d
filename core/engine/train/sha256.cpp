// SPDX-License-Identifier: Apache-2.0
#include "engine/train/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

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

}  // namespace headroom::train
