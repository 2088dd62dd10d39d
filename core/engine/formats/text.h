// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace headroom::formats {

/// A text as numbers of its characters.
struct Text {
    std::vector<char32_t> vocabulary;  ///< distinct characters in rising order of their code points
    std::vector<std::int32_t> ids;     ///< [character]: indices into the vocabulary
};

struct TextLimits {
    std::size_t maxVocabulary = 65536;
};

/// Reads UTF-8 text character by character (a byte order mark is skipped). Throws Error TXT-01 (empty), TXT-02, TXT-03.
Text readText(const std::filesystem::path& path, const TextLimits& limits = {});

}  // namespace headroom::formats
