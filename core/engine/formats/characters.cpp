// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/characters.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <span>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

struct Range {
    char32_t first, last;
    bool holds(char32_t character) const { return first <= character && character <= last; }
};

// What Unicode 15.1 and 16.0 added; Debian's utf8proc knows 15.0 (UnicodeData.txt). Tokenizers elsewhere know them.
constexpr Range kNewLetters[] = {{0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D4A, 0x10D65},
                                 {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E},
                                 {0x11390, 0x113B5}, {0x113B7, 0x113B7}, {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0},
                                 {0x13460, 0x143FA}, {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
                                 {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D}};
constexpr Range kNewNumbers[] = {{0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9}, {0x16130, 0x16139},
                                 {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9}, {0x1E5F1, 0x1E5FA}};

bool isIn(std::span<const Range> ranges, char32_t character) {
    return std::ranges::any_of(ranges, [character](const Range& range) { return range.holds(character); });
}

}  // namespace

char32_t decoded(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() == 1) return at(0);
    char32_t value = at(0) & (0x7Fu >> bytes.size());
    for (std::size_t i = 1; i < bytes.size(); ++i) value = value << 6 | (at(i) & 0x3Fu);
    return value;
}

std::string toUtf8(char32_t character) {
    const auto tail = [character](int shift) { return static_cast<char>(0x80 | ((character >> shift) & 0x3F)); };
    if (character < 0x80) return {static_cast<char>(character)};
    if (character < 0x800) return {static_cast<char>(0xC0 | character >> 6), tail(0)};
    if (character < 0x10000) return {static_cast<char>(0xE0 | character >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | character >> 18), tail(12), tail(6), tail(0)};
}

void requireUtf8(std::string_view text) {
    if (const auto bad = findInvalidUtf8(text))
        throw Error({Code::Txt02, "text", "not UTF-8 text",
                     fmt::format("byte 0x{:02X} at offset {}", static_cast<unsigned char>(text[*bad]), groupedUnsigned(*bad)), "",
                     "Save it as UTF-8."});
}

CharacterClass classOf(char32_t character) {
    const auto code = static_cast<utf8proc_int32_t>(character);
    // White_Space is no general category: the separators and these controls.
    if ((code >= 0x09 && code <= 0x0D) || code == 0x85) return CharacterClass::Space;
    const utf8proc_category_t category = utf8proc_category(code);
    if (category == UTF8PROC_CATEGORY_CN) {
        if (isIn(kNewLetters, character)) return CharacterClass::Letter;
        return isIn(kNewNumbers, character) ? CharacterClass::Number : CharacterClass::Other;
    }
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return CharacterClass::Letter;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return CharacterClass::Number;
    return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP ? CharacterClass::Space : CharacterClass::Other;
}

}  // namespace headroom::formats
