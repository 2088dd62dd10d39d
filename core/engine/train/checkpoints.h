// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/train/checkpoint_file.h"

namespace headroom::train {

/// A run's folder of checkpoints: the two newest `step-<number>.safetensors`, so that one is whole whatever happens to the
/// other, and `best.safetensors`.
class Checkpoints {
public:
    /// Makes the folder and removes what a killed writer left. Throws CKP-06 where it cannot be made.
    explicit Checkpoints(std::filesystem::path folder);

    /// Writes the checkpoint of a step; older ones beyond the two newest go afterwards. Returns the file.
    std::filesystem::path save(std::int64_t step, const CheckpointContent& content) const;
    /// The same content again under the name of the best one.
    void saveBest(const CheckpointContent& content) const;

    struct Found {
        CheckpointFile content;
        std::filesystem::path file;
        std::vector<std::string> notices;  ///< sentences on newer files that are damaged
    };
    /// The newest whole checkpoint; nothing where there is no file at all. Throws CKP-08 where all files are damaged.
    std::optional<Found> newest() const;

    std::filesystem::path best() const { return m_folder / "best.safetensors"; }
    /// Of single steps, newest first.
    std::vector<std::filesystem::path> files() const;

private:
    std::filesystem::path m_folder;
};

}  // namespace headroom::train
