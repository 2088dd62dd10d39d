// SPDX-License-Identifier: Apache-2.0
#include "cli/print.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/json/number.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

void put(std::string_view text) {
    const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!whole || std::fflush(stdout) != 0)
        throw Error(Failure{Code::Dsk02, "standard output", "it cannot be written", {}, {}, {}});
}

std::string dumped(const Json& document, int indent) {
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::size_t widthOf(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view codeText(Code code) { return info(code).text; }

}  // namespace

void print(const Json& document) { put(dumped(document, 2)); }
void printLine(const Json& event) { put(dumped(event, -1)); }
void printText(std::string_view text) { put(text); }
bool flushed() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

void note(const Session& session, std::string_view text) {
    if (!session.quiet) fmt::print(stderr, "{}\n", text);
}

Json errorJson(const Error& error) {
    Json failures = Json::array();
    for (const Failure& failure : error.failures())
        failures.push_back({{"code", codeText(failure.code)}, {"subject", failure.subject}, {"message", failure.sentence()}});
    return {{"code", codeText(error.code())}, {"message", error.what()}, {"failures", std::move(failures)}};
}

int report(const Session& session, const Error& error) {
    const int status = static_cast<int>(info(error.code()).exit);
    const bool coloured = colours(session);
    for (const Failure& failure : error.failures())
        fmt::print(stderr, "{}{}{} {}\n", coloured ? "\x1b[1;31m" : "", codeText(failure.code), coloured ? "\x1b[0m" : "",
                   failure.sentence());
    if (session.json) fmt::print("{}", dumped({{"event", "error"}, {"error", errorJson(error)}, {"exit", status}}, -1));
    return status;
}

bool errorIsTerminal() { return isatty(STDERR_FILENO) == 1; }

bool colours(const Session& session) {
    const char* asked = std::getenv("NO_COLOR");
    return !session.noColor && (!asked || *asked == '\0') && errorIsTerminal();
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], widthOf(row[i]));
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(i + 1 < row.size() ? widths[i] - widthOf(row[i]) + 2 : 0, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

Json number(double value) { return json::number<Json>(value); }

}  // namespace headroom::cli
