// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace headroom::data {

/// One input of a file that prepares samples itself.
struct RawInput {
    std::string name;
    at::Tensor tensor;  ///< [batch, ...]
};

/// A source that also has its samples as they were before their preparation.
class RawSource {
public:
    virtual ~RawSource() = default;
    /// As formats::OnnxPreparation takes them; nothing where they were not kept.
    virtual std::vector<RawInput> raw(std::span<const std::int64_t> samples) const = 0;
};

}  // namespace headroom::data
