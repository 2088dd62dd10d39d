// SPDX-License-Identifier: Apache-2.0
#include "base/models/data_shape.h"

#include <algorithm>
#include <array>

namespace headroom::models {
namespace {

constexpr std::array<const char*, 3> kKinds{"pictures", "table", "text"};
constexpr std::array<const char*, 4> kTasks{"classification", "regression", "next_token", "segmentation"};

struct Extent {
    const char* key;
    std::int64_t DataShape::*member;
};
constexpr auto kExtents = std::to_array<Extent>({{"channels", &DataShape::channels},
                                                 {"height", &DataShape::height},
                                                 {"width", &DataShape::width},
                                                 {"features", &DataShape::features},
                                                 {"vocabulary", &DataShape::vocabulary},
                                                 {"context", &DataShape::context},
                                                 {"outputs", &DataShape::outputs}});

/// The enumerator that a word stands for; the first where it stands for none.
template <class Enum, std::size_t N>
Enum enumerator(const nlohmann::json& object, const char* key, const std::array<const char*, N>& words) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return Enum{};
    const auto word = std::ranges::find(words, found->get<std::string>());
    return word == words.end() ? Enum{} : static_cast<Enum>(word - words.begin());
}

}  // namespace

nlohmann::json toJson(const DataShape& shape) {
    nlohmann::json object = {{"kind", kKinds[static_cast<std::size_t>(shape.kind)]},
                             {"task", kTasks[static_cast<std::size_t>(shape.task)]}};
    for (const Extent& extent : kExtents) object[extent.key] = shape.*extent.member;
    return object;
}

DataShape shapeFromJson(const nlohmann::json& object) {
    DataShape shape;
    if (!object.is_object()) return shape;
    shape.kind = enumerator<DataKind>(object, "kind", kKinds);
    shape.task = enumerator<Task>(object, "task", kTasks);
    for (const Extent& extent : kExtents)
        if (const auto found = object.find(extent.key); found != object.end() && found->is_number_integer())
            shape.*extent.member = found->get<std::int64_t>();
    return shape;
}

}  // namespace headroom::models
