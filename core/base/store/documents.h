// SPDX-License-Identifier: Apache-2.0
// Inside the store only: the small JSON files that people may edit.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace headroom::store {

/// An object. Throws DSK-02 where it cannot be read, CFG-01 to CFG-06 with line and column where it is not strict JSON,
/// CFG-03 where it is no object.
nlohmann::json readDocument(const std::filesystem::path& path);
/// Indented, with a newline at its end; invalid UTF-8 is replaced.
std::string documentText(const nlohmann::json& document);

/// Values by key; empty where the key is missing or of another type.
std::string textAt(const nlohmann::json& document, const char* key);
std::vector<std::string> textsAt(const nlohmann::json& document, const char* key);
bool flagAt(const nlohmann::json& document, const char* key);

}  // namespace headroom::store
