// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace headroom::formats {

/// The character whose UTF-8 form `bytes` is, all of it.
char32_t decoded(std::string_view bytes);
std::string toUtf8(char32_t character);
/// Throws Error TXT-02 for text that is not UTF-8.
void requireUtf8(std::string_view text);

/// General categories of Unicode, as far as GPT-2's pattern asks.
enum class CharacterClass { Letter, Number, Space, Other };
CharacterClass classOf(char32_t character);

}  // namespace headroom::formats
