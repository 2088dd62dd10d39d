// SPDX-License-Identifier: Apache-2.0
#include "base/store/documents.h"

#include "base/errors/error.h"
#include "base/json/strict_json.h"
#include "base/store/atomic_file.h"

namespace headroom::store {

nlohmann::json readDocument(const std::filesystem::path& path) {
    const json::Options options{.subject = escaped(path.filename().string()),
                                .codes = {.tooLarge = Code::Cfg02,
                                          .tooDeep = Code::Cfg01,
                                          .notUtf8 = Code::Cfg03,
                                          .syntax = Code::Cfg03,
                                          .duplicate = Code::Cfg06,
                                          .nonFinite = Code::Cfg05}};
    auto document = json::parseStrict(readWhole(path), options);
    if (document.value.is_object()) return std::move(document.value);
    throw Error({.code = Code::Cfg03, .subject = options.subject, .problem = "not a JSON object"});
}

std::string documentText(const nlohmann::json& document) {
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string textAt(const nlohmann::json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<std::string> textsAt(const nlohmann::json& document, const char* key) {
    std::vector<std::string> texts;
    const auto found = document.find(key);
    if (found == document.end() || !found->is_array()) return texts;
    for (const auto& item : *found)
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

bool flagAt(const nlohmann::json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace headroom::store
