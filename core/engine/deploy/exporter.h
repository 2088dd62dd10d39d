// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/store/run_folder.h"

namespace headroom::deploy {

struct ExportOptions {
    std::filesystem::path folder;  ///< empty: the run's exports/
};

/// Writes a trained run as `model.onnx` (fp32, opset 17, free batch axis) and `model.safetensors`, with labels.txt, a model
/// card and report.json, and proves the ONNX file: headroom-prover runs the validation part through OpenVINO, and its
/// logits are held against the source's. Returns the report:
///   {"run","step","format":"onnx","files":[{"name","bytes"}],"task","samples",
///    "source":{"accuracy"|"r2"}, "verified":bool, "largest_difference","relative_difference","largest_logit","flipped",
///    "f32":{"accuracy"|"r2", prover's report}, "bf16":{..., "relative_difference","flipped"}}
/// A file outside the tolerance (Agreement) stays as `model.unverified.onnx` and "verified" is false. Throws CKP-08
/// without a checkpoint, EXP-01, EXP-03, DSK-01, DSK-02.
nlohmann::json exportRun(const store::RunFolder& run, const ExportOptions& options = {});

/// Runs data through an exported file of ours in OpenVINO, prepared as its run prepared it (which the file's metadata
/// says). The held-out part of `data` as the run's configuration has it. Where the source run is at hand (`project`), its
/// logits are compared too. Throws EXP-03 for files that do not say how to prepare data, DAT-05 where the data differ in
/// shape, and what reading data throws.
nlohmann::json verifyFile(const std::filesystem::path& file, const std::filesystem::path& data,
                          const std::filesystem::path& project);

}  // namespace headroom::deploy
