// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/csv_cells.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace headroom::formats {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool sameWord(std::string_view cell, std::string_view word) {
    return std::equal(cell.begin(), cell.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

bool isMissing(std::string_view cell) {
    if (cell.empty() || cell == "?") return true;
    return sameWord(cell, "na") || sameWord(cell, "nan") || sameWord(cell, "null");
}

/// Decimal commas, thousands separators: digits with points and commas between.
bool isNumberWithCommas(std::string_view cell) {
    const bool shape = std::all_of(cell.begin(), cell.end(), [](char c) { return isDigit(c) || c == ',' || c == '.'; });
    return shape && isDigit(cell.front()) && isDigit(cell.back()) && cell.find(',') != std::string_view::npos;
}

bool isHexadecimal(std::string_view cell) {
    constexpr std::string_view kAllowed = "0123456789abcdefp.+-";
    if (cell.size() < 3 || cell[0] != '0' || lower(cell[1]) != 'x') return false;
    cell.remove_prefix(2);
    return std::all_of(cell.begin(), cell.end(),
                       [&](char c) { return kAllowed.find(lower(c)) != std::string_view::npos; });
}

bool isAlmostNumber(std::string_view cell) {
    if (cell.front() == '-' || cell.front() == '+') cell.remove_prefix(1);
    if (cell.empty()) return false;
    return isNumberWithCommas(cell) || isHexadecimal(cell) || sameWord(cell, "inf") || sameWord(cell, "infinity");
}

}  // namespace

Cell classify(std::string_view cell, double& number) {
    if (isMissing(cell)) return Cell::Missing;
    std::string_view digits = cell;
    if (digits.size() > 1 && digits.front() == '+' && digits[1] != '-') digits.remove_prefix(1);
    const std::size_t sign = digits.front() == '-' ? 1 : 0;
    const bool begins = digits.size() > sign && (isDigit(digits[sign]) || digits[sign] == '.');
    if (begins) {  // from_chars would also read "inf"
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (end == digits.data() + digits.size())
            return error == std::errc()                      ? Cell::Number
                   : error == std::errc::result_out_of_range ? Cell::AlmostNumber
                                                             : Cell::Text;
    }
    return isAlmostNumber(cell) ? Cell::AlmostNumber : Cell::Text;
}

}  // namespace headroom::formats
