// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/tokenizer.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/characters.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

class ByteTokenizer : public Tokenizer {
public:
    std::int64_t size() const override { return 256; }
    std::vector<std::int32_t> encode(std::string_view text) const override {
        requireUtf8(text);
        std::vector<std::int32_t> ids;
        ids.reserve(text.size());
        for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
        return ids;
    }
    std::string bytesOf(std::int32_t id) const override {
        return id >= 0 && id < 256 ? std::string(1, static_cast<char>(id)) : std::string();
    }
};

class CharacterTokenizer : public Tokenizer {
public:
    explicit CharacterTokenizer(std::vector<char32_t> vocabulary) : m_vocabulary(std::move(vocabulary)) {
        for (const char32_t character : m_vocabulary) m_ids.emplace(character, static_cast<std::int32_t>(m_ids.size()));
    }
    std::int64_t size() const override { return static_cast<std::int64_t>(m_vocabulary.size()); }
    std::vector<std::int32_t> encode(std::string_view text) const override {
        requireUtf8(text);
        std::vector<std::int32_t> ids;
        for (std::size_t at = 0; at < text.size();) {
            const std::string_view bytes = text.substr(at, utf8Length(text.substr(at)));
            const auto found = m_ids.find(decoded(bytes));
            if (found == m_ids.end())
                throw Error({Code::Txt04, "text", "a character is not in the vocabulary", escaped(bytes),
                             fmt::format("{} characters are", groupedUnsigned(m_vocabulary.size())), "Take it out of the text."});
            ids.push_back(found->second);
            at += bytes.size();
        }
        return ids;
    }
    std::string bytesOf(std::int32_t id) const override {
        return id >= 0 && id < size() ? toUtf8(m_vocabulary[static_cast<std::size_t>(id)]) : std::string();
    }

private:
    const std::vector<char32_t> m_vocabulary;
    std::unordered_map<char32_t, std::int32_t> m_ids;
};

}  // namespace

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
    std::string bytes;
    for (const std::int32_t id : ids) bytes += bytesOf(id);
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t length = utf8Length(std::string_view(bytes).substr(at));
        text += length > 0 ? bytes.substr(at, length) : "\xEF\xBF\xBD";
        at += std::max<std::size_t>(length, 1);
    }
    return text;
}

std::unique_ptr<Tokenizer> byteTokenizer() { return std::make_unique<ByteTokenizer>(); }

std::unique_ptr<Tokenizer> characterTokenizer(std::vector<char32_t> vocabulary) {
    return std::make_unique<CharacterTokenizer>(std::move(vocabulary));
}

}  // namespace headroom::formats
