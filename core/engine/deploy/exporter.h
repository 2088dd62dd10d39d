// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/store/run_folder.h"
#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

enum class Format { Onnx, Safetensors, Adapter, All };  ///< Adapter: low-rank updates alone
enum class Verification { Prove, Skip };

struct ExportOptions {
    std::filesystem::path folder;  ///< empty: the run's exports/
    Format format = Format::Onnx;
    Weights weights = Weights::Last;
    bool preprocess = false;  ///< the ONNX file prepares raw samples itself (FilePreparation)
    Verification verification = Verification::Prove;  ///< of the ONNX file
};

/// Writes a trained run as `model.onnx` (fp32, free batch axis, leastOpset()), as `model.safetensors`, its low-rank updates alone as PEFT's adapter
/// (train::writeLoraAdapter()), or all that it has, with labels.txt, a model card and report.json. Proves the ONNX file on the whole validation part (proveFile()). Returns the report, which the
/// run keeps too (store::readProofs()):
/// Where the data changed or can no longer be read, the proof runs on the samples that the run keeps of them (data/kept_data.h): "instead" in the report says why.
///   {"run","step","folder","files":[{"name","bytes"}], "opset" of the ONNX file, proven: what proveFile() says, "time","sha256" of the ONNX file}
/// A file outside the tolerance (Agreement), and one that was not proven, stays `model.unverified.onnx`. Throws CKP-08
/// without a checkpoint, CKP-05 where there is nothing to prove on, CFG-09 for an adapter of a run that has none or that trains more, EXP-01, EXP-03, DSK-01, DSK-02.
nlohmann::json exportRun(const store::RunFolder& run, const ExportOptions& options = {});

/// Runs data through an exported file of ours in OpenVINO, prepared by the statistics in the file's metadata, never by
/// those of `data`. Of the run's own data this is the part that it was evaluated on, of other data the test part where
/// there is one, else all of it: "part" in the report ("validation", "training", "test", "all"). With `run`, its logits
/// are compared too, and it keeps the report. The report lies beside the file as `<name>.report.json` where its folder can be
/// written ("report_file" in it, else null). Throws EXP-03 for files that do not say how to prepare data, what data::loadByReference throws, and
/// DAT-05 where the run takes other samples.
nlohmann::json verifyFile(const std::filesystem::path& file, const std::filesystem::path& data,
                          const std::optional<store::RunFolder>& run);

}  // namespace headroom::deploy
