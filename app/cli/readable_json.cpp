// SPDX-License-Identifier: Apache-2.0
#include "cli/readable_json.h"

#include <fmt/format.h>

namespace headroom::cli {
namespace {

std::string valueText(const Json& value) {
    if (value.is_string()) return escaped(value.get<std::string>());
    if (value.is_null()) return "-";
    if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
    return value.dump();
}

bool isPlainList(const Json& value) {
    for (const Json& item : value)
        if (item.is_structured()) return false;
    return value.is_array();
}

std::string listText(const Json& list) {
    std::string text;
    for (const Json& item : list) text += (text.empty() ? "" : ", ") + valueText(item);
    return text;
}

void add(std::vector<std::vector<std::string>>& rows, const std::string& path, const Json& value) {
    if (isPlainList(value))
        rows.push_back({path, listText(value)});
    else if (value.is_structured())
        for (const auto& [key, member] : value.items()) add(rows, path.empty() ? key : path + "." + key, member);
    else
        rows.push_back({path, valueText(value)});
}

}  // namespace

std::string readableJson(const Json& document) {
    std::vector<std::vector<std::string>> rows;
    add(rows, "", document);
    return table(rows);
}

}  // namespace headroom::cli
