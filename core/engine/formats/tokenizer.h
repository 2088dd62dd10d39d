// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::formats {

/// Text as numbers and back. Numbers lie in [0, size()).
class Tokenizer {
public:
    virtual ~Tokenizer() = default;
    virtual std::int64_t size() const = 0;
    /// Throws Error TXT-02 for text that is not UTF-8, TXT-04 for a character that has no number.
    virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
    /// The bytes of a token: whole characters, or a part of one. Numbers outside of the range have none.
    virtual std::string bytesOf(std::int32_t id) const = 0;

    /// Bytes one after another; what is not UTF-8 at the end, U+FFFD in its place.
    std::string decode(std::span<const std::int32_t> ids) const;
};

/// Every byte is a number.
std::unique_ptr<Tokenizer> byteTokenizer();
/// Every character has its place in a vocabulary.
std::unique_ptr<Tokenizer> characterTokenizer(std::vector<char32_t> vocabulary);
/// GPT-2's byte pairs (Radford et al.: Language models are unsupervised multitask learners, 2019; Sennrich, Haddow, Birch,
/// arXiv 1508.07909). `folder` holds encoder.json and vocab.bpe, or vocab.json and merges.txt. Text is encoded as it stands:
/// special tokens have numbers, but no text becomes one. Throws Error DAT-04 (a table is missing), TOK-01 (of tokens), TOK-02 (of
/// merges).
std::unique_ptr<Tokenizer> bytePairTokenizer(const std::filesystem::path& folder);
/// The two files in such a folder: of tokens, and of merges.
std::array<std::filesystem::path, 2> bytePairTables(const std::filesystem::path& folder);

}  // namespace headroom::formats
