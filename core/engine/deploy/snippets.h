// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/models/models.h"

namespace headroom::deploy {

/// Programs that lie beside an exported file and run it: `predict.py` in ONNX Runtime (needs onnxruntime and numpy; Pillow for PNG and
/// JPEG, tokenizers for byte pairs), `predict.cpp` in OpenVINO. How samples are prepared the Python one reads from the file's metadata, the C++
/// one takes prepared samples as raw bytes; of a regression both print the value in the target's own unit. `file`: the ONNX file's name.
std::string pythonProgram(const models::DataShape& shape, const std::string& file);
/// `reference`: data::Dataset::reference.
std::string cppProgram(const models::DataShape& shape, const std::string& file, const nlohmann::json& reference);

}  // namespace headroom::deploy
