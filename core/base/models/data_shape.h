// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "base/models/models.h"

namespace headroom::models {

/// What the worker says of data: `kind` (pictures, table, text), `task` (classification, regression, next_token, segmentation), channels,
/// height, width, features, vocabulary, context, outputs.
nlohmann::json toJson(const DataShape& shape);
/// The shape from such an object; what is missing or of another type has the value of an empty DataShape.
DataShape shapeFromJson(const nlohmann::json& object);

}  // namespace headroom::models
