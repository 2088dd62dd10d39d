// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/text.h"

#include <algorithm>
#include <span>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/characters.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"
#include "engine/formats/tokenizer.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kCodePoints = 0x110000;
constexpr std::size_t kByteOrderMark = 3;

/// Goes through a file in blocks and calls `visit` for each character; a block's cut character waits for the next.
template <typename Visit>
void forEachCharacter(const File& file, Visit visit) {
    constexpr std::size_t kBlock = 1 << 20;
    constexpr std::size_t kLongest = 4;
    std::string block(kBlock, '\0');
    std::uint64_t offset = head(file, kByteOrderMark) == "\xEF\xBB\xBF" ? kByteOrderMark : 0;
    while (offset < file.size()) {
        const std::size_t count = file.readAt(offset, std::as_writable_bytes(std::span(block)));
        if (count < std::min<std::uint64_t>(kBlock, file.size() - offset)) file.refuseChanged(Code::Txt02);
        const bool last = offset + count >= file.size();
        const std::string_view bytes(block.data(), count);
        std::size_t at = 0;
        while (at < count && (last || at + kLongest <= count)) {
            const std::size_t length = utf8Length(bytes.substr(at));
            if (length == 0)
                throw Error({Code::Txt02, file.name(), "not UTF-8 text",
                             fmt::format("byte 0x{:02X} at offset {}", static_cast<unsigned char>(bytes[at]),
                                         groupedUnsigned(offset + at)),
                             "", "Save it as UTF-8."});
            visit(decoded(bytes.substr(at, length)));
            at += length;
        }
        offset += at;
    }
}

[[noreturn]] void refuseEmpty(const File& file) {
    throw Error({Code::Txt01, file.name(), "the text is empty", "0 characters", "", "Choose a text."});
}

}  // namespace

Text readText(const std::filesystem::path& path, const TextLimits& limits) {
    const File file(path);
    std::vector<std::int32_t> numbers(kCodePoints, -1);
    std::size_t characters = 0;
    forEachCharacter(file, [&](char32_t character) {
        numbers[character] = 0;
        ++characters;
    });
    Text text;
    for (std::size_t i = 0; i < kCodePoints; ++i) {
        if (numbers[i] < 0) continue;
        numbers[i] = static_cast<std::int32_t>(text.tokens.size());
        text.tokens.push_back(toUtf8(static_cast<char32_t>(i)));
    }
    if (characters == 0) refuseEmpty(file);
    if (text.tokens.size() > limits.maxVocabulary)
        throw Error({Code::Txt03, file.name(), "too many distinct characters", groupedUnsigned(text.tokens.size()),
                     fmt::format("at most {} allowed", groupedUnsigned(limits.maxVocabulary)), "Choose another text."});
    text.ids.reserve(characters);
    forEachCharacter(file, [&](char32_t character) { text.ids.push_back(numbers[character]); });
    file.requireUnchanged(Code::Txt02);
    return text;
}

Text readText(const std::filesystem::path& path, const Tokenizer& tokenizer) {
    const File file(path);
    std::string bytes;
    bytes.reserve(static_cast<std::size_t>(file.size()));
    forEachCharacter(file, [&](char32_t character) { bytes += toUtf8(character); });
    if (bytes.empty()) refuseEmpty(file);
    file.requireUnchanged(Code::Txt02);
    Text text{{}, tokenizer.encode(bytes)};
    for (std::int64_t id = 0; id < tokenizer.size(); ++id) text.tokens.push_back(tokenizer.bytesOf(static_cast<std::int32_t>(id)));
    return text;
}

}  // namespace headroom::formats
