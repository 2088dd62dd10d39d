// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

struct PredictOptions {
    std::vector<std::string> inputs;  ///< as data::readInputs() takes them
    std::int64_t top = 5;             ///< so many classes or tokens of each, the likeliest first; of masks those of most pixels
    std::filesystem::path masks{};    ///< nets for masks write them here: the file, where one picture is asked about and it ends in .png, else a folder
};

/// What a run's net (here), an exported file (in another runtime), or both make of inputs that are prepared by the statistics of
/// the training data:
///   {"by":"run"|"file"|"both","kind","predictions":[{"input","label","probability","top":[{"label","probability"}]}, or {"input","value"}]}
/// Of masks a prediction has {"label","share","top":[{"label","share"}]}, shares of the pixels, and "mask", the PNG that was written: of the picture's size,
/// class numbers as the index of its palette, 255 where the picture was cut away. With both sides it is the run's.
/// Of text the labels are the next token's. With both, a prediction also has "exported": {the file's own}, and the whole "latency":
/// {"run":{"p50_ms","runs"},"file":{"p50_ms","runs","runtime","precision"}} of one sample on all threads, and "largest_difference" of a
/// probability or value. What is not finite is text (json::number). Throws what opening the run, the file and the inputs throws; DAT-05
/// where run and file prepare samples otherwise, or masks are wanted of a net that makes none.
nlohmann::json predict(const std::optional<store::RunFolder>& run, const std::filesystem::path& file, const PredictOptions& options,
                       Weights weights = Weights::Last);

}  // namespace headroom::deploy
