// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "base/config/run_config.h"
#include "base/errors/interrupted.h"
#include "base/models/wanted_pictures.h"

namespace headroom::data {

/// What of a configuration decides how data is prepared.
struct Preparation {
    config::RunConfig::Data data;
    std::uint64_t seed = 1;  ///< of the holdout
    std::int64_t context = 128;  ///< of text
    models::WantedPictures pictures;  ///< what those of a folder become
    std::int64_t threads = 1;         ///< that decode a folder
    std::uint64_t reserved = 0;       ///< bytes of this machine's memory that the run is to have beside its data; 0: not said
    std::uint64_t room = 0;           ///< bytes for a folder's pictures and their decoding; 0: by the memory that is available (FolderLimits)
    GoesOn goesOn{};                  ///< asked while one is read; load() throws Interrupted where it does not
};
/// `file`: the graph of model.file, which says what pictures it takes. Without it - of a run whose reference is known - only data.side does.
Preparation preparationOf(const config::RunConfig& config, const graph::Graph* file = nullptr);

}  // namespace headroom::data
