// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace headroom::formats {

class Tokenizer;

/// A text as numbers of its tokens.
struct Text {
    std::vector<std::string> tokens;  ///< their bytes, by number
    std::vector<std::int32_t> ids;    ///< in the order of the text: indices into the tokens
};

struct TextLimits {
    std::size_t maxVocabulary = 65536;
};

/// Reads UTF-8 text character by character (a byte order mark is skipped); the tokens are its distinct characters in rising order
/// of their code points. Throws Error TXT-01 (empty), TXT-02, TXT-03.
Text readText(const std::filesystem::path& path, const TextLimits& limits = {});
/// The same by another tokenizer; the tokens are all that it has.
Text readText(const std::filesystem::path& path, const Tokenizer& tokenizer);

}  // namespace headroom::formats
