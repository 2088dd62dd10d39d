// SPDX-License-Identifier: Apache-2.0
#include "base/json/utf8.h"

#include <cstdint>
#include <cstring>

namespace headroom {
namespace {

bool within(unsigned char byte, unsigned char low, unsigned char high) { return byte >= low && byte <= high; }

/// Bounds of the second byte, which alone rule out overlong forms, surrogates and what lies above U+10FFFF.
bool secondByteFits(unsigned char first, unsigned char second) {
    switch (first) {
        case 0xE0:
            return within(second, 0xA0, 0xBF);
        case 0xED:
            return within(second, 0x80, 0x9F);
        case 0xF0:
            return within(second, 0x90, 0xBF);
        case 0xF4:
            return within(second, 0x80, 0x8F);
        default:
            return within(second, 0x80, 0xBF);
    }
}

std::size_t lengthByFirstByte(unsigned char first) {
    if (first < 0x80) return 1;
    if (within(first, 0xC2, 0xDF)) return 2;
    if (within(first, 0xE0, 0xEF)) return 3;
    return within(first, 0xF0, 0xF4) ? 4 : 0;
}

bool eightAscii(const char* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return (word & 0x8080808080808080ULL) == 0;
}

}  // namespace

std::size_t utf8Length(std::string_view text) {
    if (text.empty()) return 0;
    const auto byteAt = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = lengthByFirstByte(byteAt(0));
    if (length <= 1) return length;
    if (text.size() < length || !secondByteFits(byteAt(0), byteAt(1))) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (!within(byteAt(i), 0x80, 0xBF)) return 0;
    return length;
}

std::optional<std::size_t> findInvalidUtf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + 8 <= text.size() && eightAscii(text.data() + at)) {
            at += 8;
            continue;
        }
        const std::size_t length = utf8Length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

}  // namespace headroom
