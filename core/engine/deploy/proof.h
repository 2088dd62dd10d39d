// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/models/models.h"
#include "engine/data/raw_source.h"
#include "engine/data/source.h"

namespace headroom::deploy {

/// What a file is proven on: every sample of a part of some data.
struct ProvenPart {
    const data::Source& source;
    std::string part;  ///< "validation", "training", "test" or "all"
    const models::DataShape& shape;
    bool raw = false;  ///< the file prepares samples itself
};

/// Logits [rows, outputs] of the net that a file comes from, in fp32.
using SourceNet = std::function<at::Tensor(const data::Samples& samples)>;

/// Runs all samples through the file in another runtime, batch by batch in bounded memory, and holds its outputs against those of
/// `net` (empty: nothing is compared). What is compared is computed at f32; what the runtime chooses itself stands beside it:
///   {"samples","part","source":{"accuracy"[,"miou"]|"r2"},"verified":bool,"largest_difference","relative_difference","largest_logit","flipped","finite",
///    "f32":{"accuracy"|"r2", the prover's report},"default":{the same at the precision that the runtime chooses}}
/// Throws EXP-03.
nlohmann::json proveFile(const std::filesystem::path& file, const ProvenPart& part, const SourceNet& net);

/// Samples as a file takes them that prepares them itself. Throws EXP-03 where the source does not have them.
std::vector<data::RawInput> rawInputs(const data::Source& source, std::span<const std::int64_t> numbers);

/// Samples at a time: as many as keep inputs and outputs below 64 MiB each, at most 256.
std::int64_t proofBatch(const models::DataShape& shape);
/// The same for the prover, which measures latency with so many: at most 32.
std::int64_t latencyBatch(const models::DataShape& shape);

/// Numbers that a net answers a row with: classes, tokens, or values.
std::int64_t outputsOf(const models::DataShape& shape);
/// Rows that a net answers a sample with: of masks the pixels, of text its tokens (`length`), else 1.
std::int64_t rowsOf(const models::DataShape& shape, std::int64_t length);

}  // namespace headroom::deploy
