// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "base/errors/error.h"

namespace headroom::data {

/// A file whose account of its data is missing or cannot be used: other programs may have written it.
inline Error noPreparation(const std::string& found) {
    return Error(Failure{Code::Exp03, "headroom.reference", "the file does not say how to prepare data", found, {},
                         "Verify files that Headroom exported."});
}

template <typename T>
bool holds(const nlohmann::json& value) {
    if constexpr (std::is_same_v<T, nlohmann::json>)
        return true;
    else if constexpr (std::is_same_v<T, bool>)
        return value.is_boolean();
    else if constexpr (std::is_integral_v<T>)
        return value.is_number_integer();
    else if constexpr (std::is_floating_point_v<T>)
        return value.is_number();
    else if constexpr (std::is_same_v<T, std::string>)
        return value.is_string();
    else
        return value.is_array() && std::ranges::all_of(value, [](const auto& item) { return holds<typename T::value_type>(item); });
}

/// A member of a document that came from outside. Throws EXP-03 that names it where it is missing or of another type.
template <typename T>
T field(const nlohmann::json& object, const char* name) {
    if (!object.is_object() || !object.contains(name) || !holds<T>(object[name])) throw noPreparation(std::string("no usable ") + name);
    return object[name].get<T>();
}

}  // namespace headroom::data
