// SPDX-License-Identifier: Apache-2.0
#include "base/errors/error.h"

#include <fmt/format.h>

#include <cassert>

namespace headroom {
namespace {

std::string joined(const std::vector<Failure>& failures) {
    std::string text;
    for (const Failure& failure : failures) {
        if (!text.empty()) text += '\n';
        text += failure.sentence();
    }
    return text;
}

/// Bytes of a UTF-8 sequence that can reorder or hide what surrounds it: U+200B-200F, U+202A-202E, U+2066-2069.
bool isInvisible(std::string_view sequence) {
    if (sequence.size() < 3 || static_cast<unsigned char>(sequence[0]) != 0xE2) return false;
    const auto second = static_cast<unsigned char>(sequence[1]);
    const auto third = static_cast<unsigned char>(sequence[2]);
    if (second == 0x80) return (third >= 0x8B && third <= 0x8F) || (third >= 0xAA && third <= 0xAE);
    return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

}  // namespace

std::string Failure::sentence() const {
    std::string text = subject;
    const auto append = [&text](std::string_view separator, const std::string& part) {
        if (part.empty()) return;
        if (!text.empty()) text += separator;
        text += part;
    };
    append(": ", problem);
    append(": ", found);
    append(", ", allowed);
    if (!text.empty() && text.back() != '.') text += '.';
    append(" ", remedy);
    return text;
}

Error::Error(Failure failure) : Error(std::vector{std::move(failure)}) {}

Error::Error(std::vector<Failure> failures) : std::runtime_error(joined(failures)), m_failures(std::move(failures)) {
    assert(!m_failures.empty());
}

std::string escaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02X}", byte);
        } else if (isInvisible(text.substr(i))) {
            out += fmt::format("\\u20{:02X}", ((static_cast<unsigned char>(text[i + 1]) & 0x3F) << 6 |
                                               (static_cast<unsigned char>(text[i + 2]) & 0x3F)) & 0xFF);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace headroom
