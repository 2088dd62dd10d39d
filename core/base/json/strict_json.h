// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors/codes.h"

namespace headroom::json {

/// Where something begins. Lines and columns count from 1, columns in characters, bytes from 0.
struct Position {
    std::size_t byte = 0;
    int line = 1;
    int column = 1;
};

/// The caller's codes for what the strict reader refuses.
struct Codes {
    Code tooLarge;
    Code tooDeep;
    Code notUtf8;
    Code syntax;     ///< also text after the document, and NUL bytes
    Code duplicate;  ///< a key is twice in one object
    Code nonFinite;  ///< NaN, Infinity, or a number beyond a double: JSON has none of them
};

enum class Show { LineAndColumn, ByteOffset };
enum class ByteOrderMark { Skipped, Refused };

struct Options {
    std::string subject;  ///< base name of the file, for messages
    Codes codes;
    std::size_t maxBytes = 1024 * 1024;
    int maxDepth = 32;                             ///< objects and arrays inside each other
    std::size_t maxTokenBytes = 16 * 1024 * 1024;  ///< of one text or number: the lexer holds each three times
    std::size_t firstByte = 0;                     ///< where the text begins in its file, added to shown offsets
    Show show = Show::LineAndColumn;
    ByteOrderMark byteOrderMark = ByteOrderMark::Skipped;
};

/// "line 3:17" or "byte 40", as `show` says.
std::string readable(const Position& position, Show show);

/// Told of every token of a document in its order. What it throws reaches the caller of `readEvents`.
class Events {
public:
    virtual ~Events() = default;
    virtual void startObject(const Position& position) = 0;
    virtual void endObject() = 0;
    virtual void startArray(const Position& position) = 0;
    virtual void endArray() = 0;
    /// Returns where the same key already stands in this object, which refuses the document.
    virtual std::optional<Position> key(std::string name, const Position& position) = 0;
    /// A null, boolean, number or text.
    virtual void scalar(nlohmann::json value, const Position& position) = 0;
};

/// Reads one JSON document (RFC 8259) strictly, in memory bounded by what `events` keeps: UTF-8 is checked, the limits
/// hold before anything is built, nothing may follow the document. Throws Error with the caller's codes.
void readEvents(std::string_view text, const Options& options, Events& events);

/// A document and where each of its values stands.
class Document {
public:
    nlohmann::json value;

    /// Where the value at a JSON pointer ("/train/lr", "" for the whole) begins; nothing where there is none.
    std::optional<Position> positionOf(std::string_view pointer) const;
    /// Where its key begins; for elements of arrays and the whole document the value itself.
    std::optional<Position> keyPositionOf(std::string_view pointer) const;

private:
    friend class DocumentBuilder;
    /// Values as a tree by index: a path as text a value would grow with depth times length of hostile keys.
    struct Node {
        Position key;
        Position value;
        std::map<std::string, std::uint32_t, std::less<>> members;
        std::vector<std::uint32_t> items;
    };
    const Node* find(std::string_view pointer) const;

    std::vector<Node> m_nodes;
};

/// `readEvents` into a Document.
Document parseStrict(std::string_view text, const Options& options);

}  // namespace headroom::json
