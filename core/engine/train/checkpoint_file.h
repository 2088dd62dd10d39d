// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "engine/train/optimizer.h"

namespace headroom::train {

/// What a checkpoint file holds: tensors by name ("model.", "optimizer.", "ema.") and plain data.
struct CheckpointContent {
    nlohmann::json state;
    std::vector<NamedTensor> tensors;
};

/// A checkpoint is a safetensors file that any reader opens. Its metadata begins with `sha256` (over the whole file, with
/// these 64 digits taken as zeros) and `size` (of the file), both at a fixed place, so that a cut and a flipped bit are
/// told apart before anything else is looked at; `state` is JSON text.
///
/// Written under a temporary name in the same folder, fsync, rename, fsync of the folder: either the old file or the whole
/// new one is there. Throws CKP-06 where that fails.
void writeCheckpoint(const std::filesystem::path& path, const CheckpointContent& content);

/// A checkpoint that is open for reading: a resumed run takes one tensor after another, so that the state is never in memory
/// twice.
class CheckpointFile {
public:
    struct Entry {
        graph::DType type;
        std::vector<std::int64_t> shape;
        std::uint64_t begin;  ///< of its bytes in the file
    };

    /// Reads all of the file once and believes nothing before its checksum is right. Throws CKP-01 for an incomplete file, CKP-02
    /// for a wrong checksum, CKP-04 for one that is not a checkpoint, CKP-08 where it cannot be opened.
    explicit CheckpointFile(const std::filesystem::path& path);
    ~CheckpointFile();
    CheckpointFile(CheckpointFile&&) noexcept;
    CheckpointFile& operator=(CheckpointFile&&) noexcept;

    const nlohmann::json& state() const { return m_state; }
    const std::map<std::string, Entry, std::less<>>& entries() const { return m_entries; }
    /// The tensor of that name on the CPU, undefined where it is not there. Throws CKP-01 where the file became shorter.
    at::Tensor read(std::string_view name) const;

private:
    class Source;
    std::unique_ptr<Source> m_source;
    nlohmann::json m_state;
    std::map<std::string, Entry, std::less<>> m_entries;
};

/// Removes temporary files whose writer is gone.
void removeLeftovers(const std::filesystem::path& folder);

}  // namespace headroom::train
