// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/store/run_folder.h"
#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

enum class Format { Onnx, Safetensors, All };
enum class Verification { Prove, Skip };

struct ExportOptions {
    std::filesystem::path folder;  ///< empty: the run's exports/
    Format format = Format::Onnx;
    Weights weights = Weights::Last;
    Verification verification = Verification::Prove;  ///< of the ONNX file
};

/// Writes a trained run as `model.onnx` (fp32, opset 17, free batch axis) or `model.safetensors`, or both, with labels.txt,
/// a model card and report.json. Proves the ONNX file: headroom-prover runs the validation part through OpenVINO, and its
/// logits are held against the source's. Returns the report:
///   {"run","step","folder","files":[{"name","bytes"}],
///    proven: "samples","part":"validation"|"training" (where nothing is held out),"source":{"accuracy"|"r2"},"verified":bool,"largest_difference","relative_difference",
///    "largest_logit","flipped","f32":{"accuracy"|"r2", the prover's report},"default":{the same at the precision that OpenVINO chooses}}
/// A file outside the tolerance (Agreement), and one that was not proven, stays `model.unverified.onnx`. Throws CKP-08
/// without a checkpoint, EXP-01, EXP-03, DSK-01, DSK-02.
nlohmann::json exportRun(const store::RunFolder& run, const ExportOptions& options = {});

/// Runs data through an exported file of ours in OpenVINO, prepared by the statistics in the file's metadata, never by
/// those of `data`. Of the run's own data this is the part that it was evaluated on, of other data the test part where
/// there is one, else all of it: "part" in the report ("validation", "training", "test", "all"). With `run`, its logits
/// are compared too. Throws EXP-03 for files that do not say how to prepare data, what data::loadByReference throws, and
/// DAT-05 where the run takes other samples.
nlohmann::json verifyFile(const std::filesystem::path& file, const std::filesystem::path& data,
                          const std::optional<store::RunFolder>& run);

}  // namespace headroom::deploy
