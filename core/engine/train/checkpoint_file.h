// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/train/optimizer.h"

namespace headroom::train {

/// What a checkpoint file holds: tensors by name ("model.", "optimizer.", "ema.") and plain data.
struct CheckpointContent {
    nlohmann::json state;
    std::vector<NamedTensor> tensors;

    /// The tensor of that name, undefined where it is not there.
    at::Tensor find(std::string_view name) const;
};

/// A checkpoint is a safetensors file that any reader opens. Its metadata begins with `sha256` (over the whole file, with
/// these 64 digits taken as zeros) and `size` (of the file), both at a fixed place, so that a cut and a flipped bit are
/// told apart before anything else is looked at; `state` is JSON text.
///
/// Written under a temporary name in the same folder, fsync, rename, fsync of the folder: either the old file or the whole
/// new one is there. Throws CKP-06 where that fails.
void writeCheckpoint(const std::filesystem::path& path, const CheckpointContent& content);

/// Tensors on the CPU. Throws CKP-01 for an incomplete file, CKP-02 for a wrong checksum, CKP-08 where it cannot be
/// opened.
CheckpointContent readCheckpoint(const std::filesystem::path& path);

/// Removes temporary files whose writer is gone.
void removeLeftovers(const std::filesystem::path& folder);

}  // namespace headroom::train
