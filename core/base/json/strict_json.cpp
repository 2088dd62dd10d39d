// SPDX-License-Identifier: Apache-2.0
#include "base/json/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "base/units/units.h"

namespace headroom::json {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string grouped(std::size_t number) { return headroom::grouped(static_cast<std::int64_t>(number)); }

std::string shortened(std::string_view text) {
    constexpr std::size_t kShown = 60;
    if (text.size() <= kShown) return escaped(text);
    std::size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return escaped(text.substr(0, end)) + "...";
}

std::string shown(Position position, const Options& options) {
    position.byte += options.firstByte;
    return readable(position, options.show);
}

Position advanced(Position position, std::string_view text, std::size_t to) {
    for (; position.byte < to; ++position.byte) {
        const char c = text[position.byte];
        if (c == '\n') {
            ++position.line;
            position.column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            ++position.column;
        }
    }
    return position;
}

/// Walks the text for nlohmann's lexer and tells how far it has come: the library reports no positions to its handlers.
class CountingIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* consumed) : m_at(at), m_consumed(consumed) {}
    reference operator*() const { return *m_at; }
    CountingIterator& operator++() {
        ++m_at;
        ++*m_consumed;
        return *this;
    }
    CountingIterator operator++(int) {
        CountingIterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(const CountingIterator& other) const { return m_at == other.m_at; }
    bool operator!=(const CountingIterator& other) const { return m_at != other.m_at; }

private:
    const char* m_at;
    std::size_t* m_consumed;
};

bool isWord(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-'; }

/// The run of letters and signs around `at`: "-Infinity" where the lexer stopped at its second character.
std::string_view wordAround(std::string_view text, std::size_t at) {
    std::size_t begin = at;
    while (begin > 0 && isWord(text[begin - 1])) --begin;
    std::size_t end = at;
    while (end < text.size() && isWord(text[end])) ++end;
    return text.substr(begin, end - begin);
}

bool namesNonFinite(std::string_view word) {
    constexpr std::array<std::string_view, 3> kNames{"nan", "inf", "infinity"};
    if (!word.empty() && (word.front() == '-' || word.front() == '+')) word.remove_prefix(1);
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
        return std::equal(word.begin(), word.end(), name.begin(), name.end(), same);
    });
}

/// Receives nlohmann's SAX calls, holds the limits and finds where each token began.
class Handler {
public:
    Handler(std::string_view text, const Options& options, Events& events)
        : m_text(text), m_options(options), m_events(events) {}

    std::size_t* consumed() { return &m_consumed; }

    bool null() { return scalar(nullptr); }
    bool boolean(bool value) { return scalar(value); }
    bool number_integer(Json::number_integer_t value) { return scalar(value); }
    bool number_unsigned(Json::number_unsigned_t value) { return scalar(value); }
    bool number_float(Json::number_float_t value, const std::string&) { return scalar(value); }
    bool string(std::string& value) { return scalar(std::move(value)); }
    bool binary(Json::binary_t&) { return false; }

    bool start_object(std::size_t) {
        m_events.startObject(open());
        return true;
    }
    bool end_object() {
        close();
        m_events.endObject();
        return true;
    }
    bool start_array(std::size_t) {
        m_events.startArray(open());
        return true;
    }
    bool end_array() {
        close();
        m_events.endArray();
        return true;
    }
    bool key(std::string& name) {
        const Position position = takeToken();
        const std::string shown = shortened(name);
        if (const auto earlier = m_events.key(std::move(name), position)) refuseDuplicate(shown, *earlier, position);
        return true;
    }

    [[noreturn]] bool parse_error(std::size_t read, const std::string& token, const Json::exception& cause) {
        constexpr int kNumberOverflow = 406;
        const std::size_t at = std::min(read == 0 ? 0 : read - 1, m_text.size());
        if (cause.id == kNumberOverflow) refuseNonFinite(token, at + 1 - std::min(at + 1, token.size()));
        const std::string_view word = wordAround(m_text, at);
        if (namesNonFinite(word)) refuseNonFinite(word, static_cast<std::size_t>(word.data() - m_text.data()));
        refuseSyntax(at);
    }

private:
    bool scalar(Json value) {
        const Position position = takeToken();
        m_events.scalar(std::move(value), position);
        return true;
    }

    Position open() {
        const Position position = takeToken();
        if (++m_depth > m_options.maxDepth)
            throw Error({m_options.codes.tooDeep, m_options.subject, "nested too deep",
                         fmt::format("{} levels at {}", m_depth, where(position)),
                         fmt::format("at most {} allowed", m_options.maxDepth), "Flatten the document."});
        return position;
    }

    void close() {
        --m_depth;
        takeToken();
    }

    /// Begin of the token that was read last. What lies between two tokens is white space, commas and colons; the
    /// character that ends a number is read with it, and is never the begin of a token that anybody asks for.
    Position takeToken() {
        constexpr std::string_view kBetween = " \t\r\n,:";
        std::size_t begin = m_next.byte;
        while (begin < m_text.size() && kBetween.find(m_text[begin]) != std::string_view::npos) ++begin;
        const Position position = advanced(m_next, m_text, begin);
        m_next = advanced(position, m_text, std::max(begin, std::min(m_consumed, m_text.size())));
        return position;
    }

    std::string where(const Position& position) const { return shown(position, m_options); }
    std::string where(std::size_t byte) const { return where(advanced({}, m_text, byte)); }

    [[noreturn]] void refuseDuplicate(const std::string& name, const Position& earlier, const Position& here) const {
        throw Error({m_options.codes.duplicate, m_options.subject, fmt::format("the key \"{}\" is there twice", name),
                     fmt::format("{} and {}", where(earlier), where(here)), "once allowed", "Remove one of them."});
    }
    [[noreturn]] void refuseNonFinite(std::string_view word, std::size_t byte) const {
        throw Error({m_options.codes.nonFinite, m_options.subject, "not a finite number",
                     fmt::format("{} at {}", shortened(word), where(byte)), "finite numbers allowed",
                     "Write a plain decimal number."});
    }
    [[noreturn]] void refuseSyntax(std::size_t at) const {
        const std::string found =
            at >= m_text.size() ? "unexpected end of the document" : fmt::format("unexpected \"{}\"", characterAt(at));
        throw Error({m_options.codes.syntax, m_options.subject, "not a JSON document",
                     fmt::format("{} at {}", found, where(at)), "one JSON value allowed",
                     "Correct the document there."});
    }
    std::string characterAt(std::size_t at) const {
        while (at > 0 && (static_cast<unsigned char>(m_text[at]) & 0xC0) == 0x80) --at;
        return escaped(m_text.substr(at, std::max<std::size_t>(1, utf8Length(m_text.substr(at)))));
    }

    std::string_view m_text;
    const Options& m_options;
    Events& m_events;
    std::size_t m_consumed = 0;
    Position m_next;
    int m_depth = 0;
};

void checkSize(std::string_view text, const Options& options) {
    if (text.size() <= options.maxBytes) return;
    throw Error({options.codes.tooLarge, options.subject, "the document is too large",
                 fmt::format("{} bytes", grouped(text.size())),
                 fmt::format("at most {} allowed", grouped(options.maxBytes)), "Shorten it."});
}

/// UTF-8 throughout, and no NUL: nlohmann's lexer takes one for the end and would leave what follows unread.
void checkBytes(std::string_view text, const Options& options) {
    if (const auto invalid = findInvalidUtf8(text)) {
        const Position position = advanced({}, text, *invalid);
        throw Error(
            {options.codes.notUtf8, options.subject, "not UTF-8 text",
             fmt::format("byte 0x{:02X} at {}", static_cast<unsigned char>(text[*invalid]), shown(position, options)),
             "", "Save it as UTF-8."});
    }
    const std::size_t nul = text.find('\0');
    if (nul == std::string_view::npos) return;
    throw Error({options.codes.syntax, options.subject, "not a JSON document",
                 fmt::format("a NUL byte at {}", shown(advanced({}, text, nul), options)), "text allowed",
                 "Correct the document there."});
}

bool endsToken(char c, bool inText) {
    return inText ? c == '"' : std::string_view(" \t\r\n,:[]{}\"").find(c) != std::string_view::npos;
}

/// Length of texts and of runs between structural characters, before the lexer copies them.
void checkTokens(std::string_view text, const Options& options) {
    if (text.size() <= options.maxTokenBytes) return;
    bool inText = false;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (inText && text[at] == '\\') {
            ++at;
        } else if (endsToken(text[at], inText)) {
            if (text[at] == '"') inText = !inText;
            begin = at + 1;
        }
        if (at + 1 > begin + options.maxTokenBytes)
            throw Error({options.codes.tooLarge, options.subject, "a text or number is too long",
                         fmt::format("more than {} bytes at {}", grouped(options.maxTokenBytes),
                                     shown(advanced({}, text, begin), options)),
                         "", "Shorten it."});
    }
}

}  // namespace

std::string readable(const Position& position, Show show) {
    return show == Show::ByteOffset ? fmt::format("byte {}", grouped(position.byte))
                                    : fmt::format("line {}:{}", position.line, position.column);
}

void readEvents(std::string_view text, const Options& options, Events& events) {
    checkSize(text, options);
    // nlohmann's lexer skips a mark itself, so one that is refused must not reach it.
    const bool marked = text.starts_with(kByteOrderMark);
    if (marked && options.byteOrderMark == ByteOrderMark::Refused)
        throw Error({options.codes.syntax, options.subject, "not a JSON document", "a byte order mark at byte 0", "",
                     "Save it without one."});
    if (marked) text.remove_prefix(kByteOrderMark.size());
    checkBytes(text, options);
    checkTokens(text, options);
    if (text.starts_with(kByteOrderMark))
        throw Error({options.codes.syntax, options.subject, "not a JSON document", "a second byte order mark", "",
                     "Save it without one."});
    Handler handler(text, options, events);
    Json::sax_parse(CountingIterator(text.data(), handler.consumed()),
                    CountingIterator(text.data() + text.size(), handler.consumed()), &handler);
}

class DocumentBuilder final : public Events {
public:
    explicit DocumentBuilder(Document& document) : m_document(document) {}

    void startObject(const Position& position) override { open(Json::object(), position); }
    void endObject() override { m_open.pop_back(); }
    void startArray(const Position& position) override { open(Json::array(), position); }
    void endArray() override { m_open.pop_back(); }

    std::optional<Position> key(std::string name, const Position& position) override {
        const auto& members = m_document.m_nodes[m_open.back().node].members;
        if (const auto known = members.find(name); known != members.end()) return m_document.m_nodes[known->second].key;
        m_key = std::move(name);
        m_keyPosition = position;
        return std::nullopt;
    }

    void scalar(Json value, const Position& position) override { add(std::move(value), position); }

private:
    struct Open {
        Json* value;
        std::uint32_t node;
    };

    void open(Json value, const Position& position) { m_open.push_back(add(std::move(value), position)); }

    Open add(Json value, const Position& position) {
        const auto node = static_cast<std::uint32_t>(m_document.m_nodes.size());
        m_document.m_nodes.push_back({position, position, {}, {}});
        if (m_open.empty()) {
            m_document.value = std::move(value);
            return {&m_document.value, node};
        }
        const Open& parent = m_open.back();
        Document::Node& parentNode = m_document.m_nodes[parent.node];
        if (parent.value->is_array()) {
            parentNode.items.push_back(node);
            parent.value->push_back(std::move(value));
            return {&parent.value->back(), node};
        }
        m_document.m_nodes[node].key = m_keyPosition;
        parentNode.members.emplace(m_key, node);
        Json& member = (*parent.value)[m_key];
        member = std::move(value);
        return {&member, node};
    }

    Document& m_document;
    std::vector<Open> m_open;
    std::string m_key;
    Position m_keyPosition;
};

namespace {

/// One part of a JSON pointer (RFC 6901): ~1 stands for /, ~0 for ~.
std::string unescapedPart(std::string_view part) {
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool escape = part[i] == '~' && i + 1 < part.size();
        text += escape ? (part[i + 1] == '1' ? '/' : '~') : part[i];
        if (escape) ++i;
    }
    return text;
}

std::optional<std::size_t> indexOf(const std::string& part) {
    if (part.empty() || part.size() > 9 || part.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    return std::stoul(part);
}

}  // namespace

const Document::Node* Document::find(std::string_view pointer) const {
    if (m_nodes.empty()) return nullptr;
    const Node* node = &m_nodes.front();
    while (!pointer.empty()) {
        if (pointer.front() != '/') return nullptr;
        const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
        const std::string part = unescapedPart(pointer.substr(1, end - 1));
        pointer.remove_prefix(end);
        const auto index = indexOf(part);
        if (const auto member = node->members.find(part); member != node->members.end())
            node = &m_nodes[member->second];
        else if (index && *index < node->items.size())
            node = &m_nodes[node->items[*index]];
        else
            return nullptr;
    }
    return node;
}

std::optional<Position> Document::positionOf(std::string_view pointer) const {
    const Node* node = find(pointer);
    return node ? std::optional(node->value) : std::nullopt;
}

std::optional<Position> Document::keyPositionOf(std::string_view pointer) const {
    const Node* node = find(pointer);
    return node ? std::optional(node->key) : std::nullopt;
}

Document parseStrict(std::string_view text, const Options& options) {
    Document document;
    DocumentBuilder builder(document);
    readEvents(text, options, builder);
    return document;
}

}  // namespace headroom::json
