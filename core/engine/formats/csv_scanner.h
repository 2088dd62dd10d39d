// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/csv.h"
#include "engine/formats/file.h"

namespace headroom::formats {

/// Splits a stream into records and fields (RFC 4180), in memory bounded by the limits. Blanks around fields are
/// trimmed, quotes removed. Throws CSV-02 to CSV-06.
class CsvScanner {
public:
    /// Borrows all three.
    CsvScanner(ByteStream& stream, const std::string& subject, char delimiter, const CsvLimits& limits);

    /// Moves to the next record; false at the end.
    bool next();
    /// Fields of the current record, valid until `next`.
    const std::vector<std::string_view>& fields() const { return m_fields; }
    /// Line where the current record begins, from 1.
    std::int64_t line() const { return m_line; }
    /// The record is an empty line.
    bool isBlank() const { return m_fields.size() == 1 && m_fields.front().empty() && !m_spans.front().quoted; }

private:
    struct Span {
        std::size_t begin, end;  ///< of the raw field in the buffer, blanks around it left out
        bool quoted = false;
        bool rewrite = false;     ///< holds doubled quotes, or text after its closing quote
        bool withQuotes = false;  ///< begins with its opening quote
    };

    bool scanRecord();
    bool scanField(std::size_t& at);
    bool scanQuoted(std::size_t& at);
    bool passLineEnd(std::size_t& at);
    bool fill();
    void checkNewBytes(std::size_t from);
    void finishRecord();
    std::string_view textOf(const Span& span);
    bool isBlankByte(char c) const { return c == ' ' || (c == '\t' && m_delimiter != '\t'); }
    std::int64_t lineAt(std::size_t at) const;
    [[noreturn]] void refuse(Code code, std::string problem, std::string found, std::string allowed,
                             std::string remedy) const;
    [[noreturn]] void refuseOpenQuote(std::size_t quote, std::string found) const;
    [[noreturn]] void refuseLongLine() const;

    ByteStream& m_stream;
    const std::string& m_subject;
    char m_delimiter;
    const CsvLimits& m_limits;
    std::array<bool, 256> m_endsField{};
    std::string m_buffer;
    std::size_t m_begin = 0, m_end = 0;  ///< of the record, of what is read
    std::size_t m_recordEnd = 0;
    std::size_t m_block = 0;     ///< bytes read at once: grows, so that small tables cost little
    std::uint64_t m_offset = 0;  ///< of the buffer in the stream
    bool m_atEnd = false;
    std::int64_t m_line = 0, m_nextLine = 1;
    std::vector<Span> m_spans;
    std::vector<std::string_view> m_fields;
};

/// Comma, semicolon or tab: the one that most of the first lines hold equally often; comma where none does.
char detectDelimiter(std::string_view sample);

}  // namespace headroom::formats
