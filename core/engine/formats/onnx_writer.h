// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/graph/graph.h"
#include "engine/formats/onnx_preparation.h"
#include "engine/formats/safetensors.h"

namespace headroom::formats {

struct OnnxOptions {
    int opset = 17;  ///< 17 to 23
    /// Entries of the file's metadata_props ("run", "classes", "mean", "std" ...).
    std::map<std::string, std::string> metadata;
    /// What is done to raw samples before the net, whose input is then no input of the file.
    std::optional<OnnxPreparation> preparation{};
};

/// Writes a net for inference as one ONNX file (github.com/onnx/onnx, docs/IR.md): operators lowered to `opset`, those
/// of training taken out, named dimensions kept as free ones, weights inside. `weights` holds every parameter and
/// buffer that the graph reads, in its element type. Throws Error EXP-01 (an operator that cannot be written), ONX-02
/// (more than 2 GiB - 1 bytes), INT-01 (a weight is missing or of another size), DSK-01, DSK-02.
void writeOnnx(const std::filesystem::path& path, const graph::Graph& graph, std::span<const StView> weights,
               const OnnxOptions& options = {});

}  // namespace headroom::formats
