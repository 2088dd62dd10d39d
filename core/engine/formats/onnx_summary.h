// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>

#include "engine/formats/onnx_reader.h"

namespace headroom::formats {

/// What a read model is, for people: graph::summaryOf() with the file's names of outputs, `format` (onnx), `opset`, `producer`,
/// `weights_bytes`, `batch_freed`, `half_widened`, `metadata`.
nlohmann::json summaryOf(const OnnxModel& model);

}  // namespace headroom::formats
