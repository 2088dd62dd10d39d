// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/byte_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>

#include "base/errors/error.h"
#include "base/json/strict_json.h"
#include "base/json/utf8.h"
#include "engine/formats/characters.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"
#include "engine/formats/tokenizer.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kMostBytes = 64 << 20;  // of a table

// --- the pattern

class Cutter {
public:
    explicit Cutter(std::string_view text) : m_text(text) {}

    std::vector<std::string_view> run() {
        std::vector<std::string_view> pieces;
        for (std::size_t at = 0; at < m_text.size();) {
            const std::size_t length = lengthAt(at);
            pieces.push_back(m_text.substr(at, length));
            at += length;
        }
        return pieces;
    }

private:
    struct Character {
        CharacterClass kind;
        std::size_t length;
    };
    Character characterAt(std::size_t at) const {
        const std::size_t length = utf8Length(m_text.substr(at));
        return {classOf(decoded(m_text.substr(at, length))), length};
    }

    std::size_t lengthAt(std::size_t at) const {
        if (const std::size_t ending = contractionAt(at)) return ending;
        const std::size_t blank = m_text[at] == ' ' && at + 1 < m_text.size() ? 1 : 0;
        const CharacterClass kind = characterAt(at + blank).kind;
        if (kind != CharacterClass::Space) return blank + runOf(kind, at + blank).bytes;
        const Run spaces = runOf(CharacterClass::Space, at);
        // The last one of several goes with what follows.
        const bool endsText = at + spaces.bytes == m_text.size();
        return endsText || spaces.bytes == spaces.lastBytes ? spaces.bytes : spaces.bytes - spaces.lastBytes;
    }

    std::size_t contractionAt(std::size_t at) const {
        for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
            if (m_text.substr(at).starts_with(ending)) return ending.size();
        return 0;
    }

    struct Run {
        std::size_t bytes = 0, lastBytes = 0;  ///< of all, and of its last character
    };
    Run runOf(CharacterClass kind, std::size_t at) const {
        Run run;
        while (at + run.bytes < m_text.size()) {
            const Character next = characterAt(at + run.bytes);
            if (next.kind != kind) break;
            run.bytes += next.length;
            run.lastBytes = next.length;
        }
        return run;
    }

    const std::string_view m_text;
};

// --- the tables

[[noreturn]] void refuse(Code code, const std::string& file, std::string problem, std::string found) {
    throw Error({code, file, std::move(problem), std::move(found), "", "Take both tables from the same model."});
}

/// The tables write bytes as characters that can be seen: printable ones of Latin-1 as they are, the others from U+0100 on.
const std::unordered_map<char32_t, char>& bytesOfCharacters() {
    static const std::unordered_map<char32_t, char> kBytes = [] {
        std::unordered_map<char32_t, char> bytes;
        char32_t other = 0x100;
        for (char32_t byte = 0; byte < 256; ++byte) {
            const bool isSeen = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
            bytes.emplace(isSeen ? byte : other++, static_cast<char>(byte));
        }
        return bytes;
    }();
    return kBytes;
}

/// The bytes that a token of the tables stands for; one with other characters (a special token) is its own text.
std::string bytesOfToken(std::string_view token) {
    std::string bytes;
    for (std::size_t at = 0; at < token.size();) {
        const std::size_t length = utf8Length(token.substr(at));
        if (length == 0) return std::string(token);
        const auto found = bytesOfCharacters().find(decoded(token.substr(at, length)));
        if (found == bytesOfCharacters().end()) return std::string(token);
        bytes += found->second;
        at += length;
    }
    return bytes;
}

std::string contentOf(const File& file, Code code) {
    if (file.size() > kMostBytes)
        refuse(code, file.name(), "the table is too large", groupedUnsigned(file.size()) + " bytes");
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    file.readExactly(0, std::as_writable_bytes(std::span(text)), code);
    return text;
}

/// Tells the tokens of {"token": number, ...}.
class TokenEvents : public json::Events {
public:
    explicit TokenEvents(const std::string& file) : m_file(file) {}
    void startObject(const json::Position& position) override {
        if (m_depth++ > 0) refuseAt(position);
    }
    void endObject() override { --m_depth; }
    void startArray(const json::Position& position) override { refuseAt(position); }
    void endArray() override {}
    std::optional<json::Position> key(std::string name, const json::Position& position) override {
        m_key = std::move(name);
        const auto [found, isNew] = m_places.emplace(m_key, position);
        return isNew ? std::nullopt : std::optional(found->second);
    }
    void scalar(nlohmann::json value, const json::Position& position) override {
        constexpr std::int64_t kMost = 1 << 24;
        if (m_depth != 1 || !value.is_number_integer() || value < 0 || value >= kMost) refuseAt(position);
        const auto id = value.get<std::size_t>();
        if (id >= m_tokens.size()) m_tokens.resize(id + 1);
        if (m_tokens[id]) refuseAt(position);
        m_tokens[id] = bytesOfToken(m_key);
    }

    /// By number.
    std::vector<std::string> tokens() const {
        std::vector<std::string> all;
        for (const std::optional<std::string>& token : m_tokens) {
            if (!token) refuse(Code::Tok01, m_file, "no token has a number", groupedUnsigned(all.size()));
            all.push_back(*token);
        }
        return all;
    }

private:
    [[noreturn]] void refuseAt(const json::Position& position) const {
        refuse(Code::Tok01, m_file, "not an object of tokens with a number each", json::readable(position, json::Show::LineAndColumn));
    }
    const std::string m_file;
    int m_depth = 0;
    std::string m_key;
    std::unordered_map<std::string, json::Position> m_places;
    std::vector<std::optional<std::string>> m_tokens;
};

std::vector<std::string> readTokens(const std::filesystem::path& path) {
    const File file(path);
    json::Options options{.subject = file.name(), .codes = {Code::Tok01, Code::Tok01, Code::Tok01, Code::Tok01, Code::Tok01, Code::Tok01}};
    options.maxBytes = kMostBytes;
    TokenEvents events(file.name());
    json::readEvents(contentOf(file, Code::Tok01), options, events);
    return events.tokens();
}

std::uint64_t pairOf(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

/// What becomes of two tokens side by side, and how early.
struct Merge {
    std::int32_t rank, made;
};
using Merges = std::unordered_map<std::uint64_t, Merge>;
using Numbers = std::unordered_map<std::string_view, std::int32_t>;

Merges readMerges(const std::filesystem::path& path, const Numbers& numbers) {
    const File file(path);
    const std::string text = contentOf(file, Code::Tok02);
    Merges merges;
    int line = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view content = std::string_view(text).substr(at, end - at);
        if (content.ends_with('\r')) content.remove_suffix(1);
        at = end + 1;
        ++line;
        if (content.empty() || (line == 1 && content.starts_with("#version"))) continue;
        const std::size_t blank = content.find(' ');
        const auto number = [&](const std::string& bytes) {
            const auto found = numbers.find(bytes);
            return found == numbers.end() ? -1 : found->second;
        };
        const std::string left = bytesOfToken(content.substr(0, blank));
        const std::string right = blank < content.size() ? bytesOfToken(content.substr(blank + 1)) : std::string();
        const std::int32_t one = number(left), other = number(right), made = number(left + right);
        if (one < 0 || other < 0 || made < 0)
            refuse(Code::Tok02, file.name(), "a merge is not of two tokens into one", fmt::format("line {}", line));
        merges.emplace(pairOf(one, other), Merge{static_cast<std::int32_t>(merges.size()), made});
    }
    return merges;
}

// --- the tokenizer

class BytePairTokenizer : public Tokenizer {
public:
    BytePairTokenizer(std::vector<std::string> tokens, Merges merges, std::array<std::int32_t, 256> bytes)
        : m_tokens(std::move(tokens)), m_merges(std::move(merges)), m_bytes(bytes) {}

    std::int64_t size() const override { return static_cast<std::int64_t>(m_tokens.size()); }
    std::string bytesOf(std::int32_t id) const override {
        return id >= 0 && id < size() ? m_tokens[static_cast<std::size_t>(id)] : std::string();
    }

    /// Most pieces of a text were there before: their numbers are copied.
    std::vector<std::int32_t> encode(std::string_view text) const override {
        requireUtf8(text);
        std::vector<std::int32_t> ids;
        struct Range {
            std::size_t begin, count;
        };
        std::unordered_map<std::string_view, Range> known;
        for (const std::string_view piece : piecesOf(text)) {
            const auto [found, isNew] = known.try_emplace(piece, Range{ids.size(), 0});
            if (isNew) {
                encodePiece(piece, ids);
                found->second.count = ids.size() - found->second.begin;
            } else {
                for (std::size_t i = 0; i < found->second.count; ++i) ids.push_back(ids[found->second.begin + i]);
            }
        }
        return ids;
    }

private:
    /// The pair with the lowest rank is merged first, of equal ones the leftmost: a heap of candidates over a linked list, so that
    /// one long piece takes n log n.
    void encodePiece(std::string_view piece, std::vector<std::int32_t>& out) const {
        struct Symbol {
            std::int32_t id;
            int before, after;
        };
        struct Candidate {
            std::int32_t rank;
            int left;
            std::int32_t one, other;
            bool operator>(const Candidate& than) const { return std::pair(rank, left) > std::pair(than.rank, than.left); }
        };
        const int count = static_cast<int>(piece.size());
        std::vector<Symbol> symbols;
        for (int i = 0; i < count; ++i)
            symbols.push_back({m_bytes[static_cast<unsigned char>(piece[static_cast<std::size_t>(i)])], i - 1, i + 1 < count ? i + 1 : -1});
        std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap;
        const auto at = [&](int place) -> Symbol& { return symbols[static_cast<std::size_t>(place)]; };
        const auto offer = [&](int left) {
            if (left < 0 || at(left).after < 0) return;
            const std::int32_t one = at(left).id, other = at(at(left).after).id;
            if (const auto found = m_merges.find(pairOf(one, other)); found != m_merges.end())
                heap.push({found->second.rank, left, one, other});
        };
        for (int i = 0; i + 1 < count; ++i) offer(i);
        while (!heap.empty()) {
            const Candidate best = heap.top();
            heap.pop();
            Symbol& left = at(best.left);
            const int right = left.after;
            if (left.id != best.one || right < 0 || at(right).id != best.other) continue;  // merged meanwhile
            left.id = m_merges.at(pairOf(best.one, best.other)).made;
            left.after = at(right).after;
            if (left.after >= 0) at(left.after).before = best.left;
            at(right).id = -1;
            offer(left.before);
            offer(best.left);
        }
        for (int i = 0; i >= 0; i = at(i).after) out.push_back(at(i).id);
    }

    const std::vector<std::string> m_tokens;  ///< bytes by number
    const Merges m_merges;
    const std::array<std::int32_t, 256> m_bytes;  ///< numbers of single bytes
};

}  // namespace

std::vector<std::string_view> piecesOf(std::string_view text) { return Cutter(text).run(); }

std::array<std::filesystem::path, 2> bytePairTables(const std::filesystem::path& folder) {
    const bool isOpenAi = std::filesystem::exists(folder / "encoder.json");
    if (isOpenAi) return {folder / "encoder.json", folder / "vocab.bpe"};
    return {folder / "vocab.json", folder / "merges.txt"};
}

std::unique_ptr<Tokenizer> bytePairTokenizer(const std::filesystem::path& folder) {
    const auto [table, pairs] = bytePairTables(folder);
    std::vector<std::string> tokens = readTokens(table);
    Numbers numbers;
    for (std::size_t id = 0; id < tokens.size(); ++id) numbers.emplace(tokens[id], static_cast<std::int32_t>(id));
    std::array<std::int32_t, 256> bytes{};
    for (int byte = 0; byte < 256; ++byte) {
        const auto found = numbers.find(std::string(1, static_cast<char>(byte)));
        if (found == numbers.end())
            refuse(Code::Tok01, escaped(table.filename().string()), "a byte has no token", fmt::format("0x{:02X}", byte));
        bytes[static_cast<std::size_t>(byte)] = found->second;
    }
    Merges merges = readMerges(pairs, numbers);
    return std::make_unique<BytePairTokenizer>(std::move(tokens), std::move(merges), bytes);
}

}  // namespace headroom::formats
