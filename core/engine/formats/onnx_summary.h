// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "engine/formats/onnx_reader.h"

namespace headroom::formats {

/// What a read model is, for people: `opset`, `producer`, `inputs` and `outputs` (name, type, shape; named dimensions by name),
/// `operators` (name, count), `nodes`, `parameters` (elements), `buffers` (elements), `weights_bytes`, `batch_freed`,
/// `without_gradient` (operators that no gradient passes), `metadata`.
nlohmann::json summaryOf(const OnnxModel& model);

}  // namespace headroom::formats
