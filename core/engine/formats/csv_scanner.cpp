// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/csv_scanner.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kFirstBlock = 16 * 1024;
constexpr std::size_t kLargestBlock = 1 << 20;

}  // namespace

CsvScanner::CsvScanner(ByteStream& stream, const std::string& subject, char delimiter, const CsvLimits& limits)
    : m_stream(stream), m_subject(subject), m_delimiter(delimiter), m_limits(limits) {
    for (const char c : {delimiter, '\n', '\r'}) m_endsField[static_cast<unsigned char>(c)] = true;
}

bool CsvScanner::next() {
    m_begin = m_recordEnd;
    m_line = m_nextLine;
    while (true) {
        if (m_begin == m_end && !m_atEnd && !fill()) m_atEnd = true;
        if (m_begin == m_end && m_atEnd) return false;
        if (scanRecord()) break;
        if (m_end - m_begin > m_limits.maxLine) refuseLongLine();
        if (!fill()) m_atEnd = true;
    }
    if (m_recordEnd - m_begin > m_limits.maxLine) refuseLongLine();
    finishRecord();
    return true;
}

/// False where the buffer ends before the record.
bool CsvScanner::scanRecord() {
    m_spans.clear();
    std::size_t at = m_begin;
    while (scanField(at)) {
        if (m_spans.size() > m_limits.maxColumns)
            refuse(Code::Csv06, "too many columns",
                   fmt::format("more than {} in line {}", groupedUnsigned(m_limits.maxColumns),
                               groupedUnsigned(static_cast<std::uint64_t>(m_line))),
                   fmt::format("limit {}", groupedUnsigned(m_limits.maxColumns)), "Leave out columns.");
        if (at < m_end && m_buffer[at] == m_delimiter) {
            ++at;
            continue;
        }
        return passLineEnd(at);
    }
    return false;
}

bool CsvScanner::passLineEnd(std::size_t& at) {
    if (at < m_end && m_buffer[at] == '\r') {
        ++at;
        if (at == m_end && !m_atEnd) return false;
        if (at < m_end && m_buffer[at] == '\n') ++at;
    } else if (at < m_end) {
        ++at;
    }
    m_recordEnd = at;
    return true;
}

bool CsvScanner::scanField(std::size_t& at) {
    while (at < m_end && isBlankByte(m_buffer[at])) ++at;
    if (at == m_end && !m_atEnd) return false;
    if (at < m_end && m_buffer[at] == '"') return scanQuoted(at);
    const std::size_t begin = at;
    while (at < m_end && !m_endsField[static_cast<unsigned char>(m_buffer[at])]) ++at;
    if (at == m_end && !m_atEnd) return false;
    std::size_t end = at;
    while (end > begin && isBlankByte(m_buffer[end - 1])) --end;
    m_spans.push_back({begin, end});
    return true;
}

/// From the opening quote to the delimiter or line end behind the closing one. Text between the two, which RFC 4180
/// does not allow, stays part of the field.
bool CsvScanner::scanQuoted(std::size_t& at) {
    const std::size_t quote = at++;
    bool rewrite = false;
    while (true) {
        const void* found = at < m_end ? std::memchr(m_buffer.data() + at, '"', m_end - at) : nullptr;
        const std::size_t closing =
            found ? static_cast<std::size_t>(static_cast<const char*>(found) - m_buffer.data()) : m_end;
        if (closing - quote > m_limits.maxField) refuseOpenQuote(quote, "");
        if (!found && m_atEnd) refuseOpenQuote(quote, "the file ends before it is");
        if (!found || (closing + 1 == m_end && !m_atEnd)) return false;
        at = closing + 1;
        if (at == m_end || m_buffer[at] != '"') break;
        rewrite = true;
        ++at;
    }
    Span span{quote + 1, at - 1, true, rewrite, false};
    while (at < m_end && isBlankByte(m_buffer[at])) ++at;
    if (at < m_end && !m_endsField[static_cast<unsigned char>(m_buffer[at])]) {
        while (at < m_end && !m_endsField[static_cast<unsigned char>(m_buffer[at])]) ++at;
        span = {quote, at, true, true, true};
    }
    if (at == m_end && !m_atEnd) return false;
    m_spans.push_back(span);
    return true;
}

/// Moves what is left of the record to the front and reads behind it. False at the end of the stream.
bool CsvScanner::fill() {
    std::memmove(m_buffer.data(), m_buffer.data() + m_begin, m_end - m_begin);
    m_offset += m_begin;
    m_end -= m_begin;
    m_begin = 0;
    m_recordEnd = 0;
    m_block = m_block == 0 ? kFirstBlock : std::min(2 * m_block, kLargestBlock);
    if (m_buffer.size() < m_end + m_block) m_buffer.resize(m_end + m_block);
    const std::size_t from = m_end;
    m_end += m_stream.read(std::as_writable_bytes(std::span(m_buffer).subspan(from)));
    checkNewBytes(from);
    return m_end > from;
}

void CsvScanner::checkNewBytes(std::size_t from) {
    const std::string_view bytes(m_buffer.data() + from, m_end - from);
    const bool first = m_offset == 0 && from == 0;
    const bool marked = first && (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"));
    const std::size_t nul = bytes.find('\0');
    if (marked || nul != std::string_view::npos)
        refuse(Code::Csv04, "looks like UTF-16",
               marked ? "its byte order mark at the start"
                      : fmt::format("a NUL byte at offset {}", groupedUnsigned(m_offset + from + nul)),
               "UTF-8 text allowed", "Save as UTF-8.");
    if (first && bytes.starts_with("\xEF\xBB\xBF")) m_begin = 3;
}

void CsvScanner::finishRecord() {
    const std::string_view raw(m_buffer.data() + m_begin, m_recordEnd - m_begin);
    if (const auto invalid = findInvalidUtf8(raw))
        refuse(Code::Csv05, "not UTF-8 text",
               fmt::format("byte 0x{:02X} at offset {} (line {})", static_cast<unsigned char>(raw[*invalid]),
                           groupedUnsigned(m_offset + m_begin + *invalid),
                           groupedUnsigned(static_cast<std::uint64_t>(lineAt(m_begin + *invalid)))),
               "", "Save as UTF-8.");
    m_nextLine = m_line + 1;
    m_fields.clear();
    for (const Span& span : m_spans) {
        if (span.quoted)
            m_nextLine += std::count(m_buffer.begin() + static_cast<std::ptrdiff_t>(span.begin),
                                     m_buffer.begin() + static_cast<std::ptrdiff_t>(span.end), '\n');
        m_fields.push_back(textOf(span));
    }
}

/// The field's text; where quotes must go it is rewritten in place, which only ever makes it shorter.
std::string_view CsvScanner::textOf(const Span& span) {
    if (!span.rewrite) return {m_buffer.data() + span.begin, span.end - span.begin};
    bool inside = !span.withQuotes;
    std::size_t out = span.begin;
    for (std::size_t at = span.begin; at < span.end; ++at) {
        const bool quote = m_buffer[at] == '"';
        const bool doubled = quote && inside && at + 1 < span.end && m_buffer[at + 1] == '"';
        if (doubled) ++at;
        if (!quote || doubled)
            m_buffer[out++] = m_buffer[at];
        else
            inside = !inside;
    }
    return {m_buffer.data() + span.begin, out - span.begin};
}

std::int64_t CsvScanner::lineAt(std::size_t at) const {
    return m_line + std::count(m_buffer.begin() + static_cast<std::ptrdiff_t>(m_begin),
                               m_buffer.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

void CsvScanner::refuse(Code code, std::string problem, std::string found, std::string allowed,
                        std::string remedy) const {
    throw Error({code, m_subject, std::move(problem), std::move(found), std::move(allowed), std::move(remedy)});
}

void CsvScanner::refuseOpenQuote(std::size_t quote, std::string found) const {
    if (found.empty()) found = fmt::format("no closing quote within {}", bytesText(m_limits.maxField));
    refuse(Code::Csv02, "a quote is never closed",
           fmt::format("opened in line {}", groupedUnsigned(static_cast<std::uint64_t>(lineAt(quote)))),
           std::move(found), "Close the quote there.");
}

void CsvScanner::refuseLongLine() const {
    refuse(Code::Csv03,
           m_limits.maxLine % (1 << 20) == 0 ? fmt::format("line longer than {} MiB", m_limits.maxLine >> 20)
                                             : fmt::format("line longer than {}", bytesText(m_limits.maxLine)),
           fmt::format("line {}", groupedUnsigned(static_cast<std::uint64_t>(m_line))), "",
           "Check that it is a text file with one sample a line.");
}

namespace {

/// How often each candidate occurs in each of the first lines, outside quotes.
std::vector<std::array<int, 3>> delimitersByLine(std::string_view sample, std::string_view candidates) {
    constexpr std::size_t kLines = 100;
    std::vector<std::array<int, 3>> lines(1);
    bool inside = false;
    for (const char c : sample) {
        if (c == '"') inside = !inside;
        if (inside) continue;
        if (c == '\n' && lines.size() == kLines) break;
        if (c == '\n') lines.emplace_back();
        const std::size_t which = candidates.find(c);
        if (which != std::string_view::npos) ++lines.back()[which];
    }
    if (lines.size() > 1) lines.pop_back();  // cut off, or empty
    return lines;
}

}  // namespace

char detectDelimiter(std::string_view sample) {
    // In a tie the rarer character decides: a semicolon that is in every line is no accident, decimal commas may be.
    constexpr std::string_view kCandidates = "\t;,";
    const auto lines = delimitersByLine(sample, kCandidates);
    char best = ',';
    std::ptrdiff_t bestLines = 0;
    for (std::size_t which = 0; which < kCandidates.size(); ++which) {
        const int expected = lines.front()[which];
        if (expected == 0) continue;
        const auto agreeing =
            std::count_if(lines.begin(), lines.end(), [&](const auto& counts) { return counts[which] == expected; });
        if (agreeing <= bestLines) continue;
        bestLines = agreeing;
        best = kCandidates[which];
    }
    return best;
}

}  // namespace headroom::formats
