// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/data/reference_data.h"
#include "engine/formats/onnx_preparation.h"

namespace headroom::deploy {

/// How a file prepares raw samples itself, and what its metadata say of it.
struct FilePreparation {
    formats::OnnxPreparation nodes;
    /// pictures {"kind","input":"picture","resize"}; tables {"kind","numbers":[names],"categories":[{"name","values"}]}: the order of the
    /// inputs' columns, and the place of each category in its list.
    nlohmann::json description;
};

/// Of the training data's statistics, for a net whose input has this name. Throws EXP-01 for text, whose tokenizer the format's
/// operators cannot express, EXP-03 where the reference is not whole.
FilePreparation preparationIn(const data::Reference& reference, const std::string& input);

}  // namespace headroom::deploy
