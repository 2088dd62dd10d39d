// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/config/document.h"
#include "base/config/fields.h"

namespace headroom::config {
namespace {

using Json = nlohmann::ordered_json;

Json& place(Json& document, std::string_view path) {
    Json* at = &document;
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        at = &(*at)[std::string(path.substr(0, dot))];
        path.remove_prefix(dot + 1);
    }
    return (*at)[std::string(path)];
}

void put(Json& document, const Field& field, const RunConfig& config) {
    std::visit([&](const auto& value) { place(document, field.path) = value; }, field.read(config));
}

std::string written(const Json& document) { return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string toJson(const RunConfig& config) {
    Json document = Json::object();
    for (const Field& field : fields()) put(document, field, config);
    return written(document);
}

std::string toShortJson(const RunConfig& config) {
    Json document = Json::object();
    const RunConfig defaults;
    for (const Field& field : fields())
        if (field.path == "version" || field.read(config) != field.read(defaults)) put(document, field, config);
    return written(document);
}

}  // namespace headroom::config
