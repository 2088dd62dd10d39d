// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph/host_tensor.h"
#include "engine/formats/safetensors.h"

namespace headroom::formats {

/// Weights in one safetensors file, or in several with an index beside them (Hugging Face's `model.safetensors.index.json`:
/// {"weight_map": {tensor: file}}). Shards lie in the index's folder. Throws as SafetensorsFile; of an index STF-02, 04 to 07 and
/// 10, DAT-04 where a shard is missing.
class WeightFiles {
public:
    explicit WeightFiles(const std::filesystem::path& path);

    /// In the order of their names.
    const std::vector<StTensor>& tensors() const { return m_tensors; }
    bool has(std::string_view name) const { return m_shardOf.contains(name); }
    /// The tensor in fp32, whatever floating type the file has it in; whole numbers are refused with STF-15.
    graph::HostTensor readFloats(std::string_view name) const;

private:
    void openShards(const std::filesystem::path& index);

    std::vector<std::unique_ptr<SafetensorsFile>> m_shards;
    std::map<std::string, const SafetensorsFile*, std::less<>> m_shardOf;
    std::vector<StTensor> m_tensors;
};

}  // namespace headroom::formats
