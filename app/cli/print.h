// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors/error.h"

namespace headroom::cli {

struct Session;
using Json = nlohmann::ordered_json;

/// One document on standard output, indented, or one line of it (NDJSON), at once. Throws DSK-02 where nobody can take
/// it (a full disk).
void print(const Json& document);
void printLine(const Json& event);
void printText(std::string_view text);
/// False where standard output could not take everything.
bool flushed();

/// A sentence on standard error, unless --quiet.
void note(const Session& session, std::string_view text);
/// What went wrong on standard error; with --json also {"error": {...}} on standard output. Returns the exit status.
int report(const Session& session, const Error& error);
/// As in report(): code, message and all failures.
Json errorJson(const Error& error);

bool colours(const Session& session);
bool errorIsTerminal();
/// Columns padded to the widest cell, two spaces apart; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// As json::number().
Json number(double value);

}  // namespace headroom::cli
