// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/safetensors.h"

namespace headroom::formats {

struct StHeader {
    std::vector<StTensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// Offset of the header in the file: its length stands before it.
constexpr std::size_t kStHeaderBegin = 8;

/// Reads and checks a header; `dataBytes` lie behind it. Tensors come in the order of their data. Throws Error STF-04
/// to STF-17 and STF-19.
StHeader parseStHeader(std::string_view text, std::uint64_t dataBytes, const std::string& subject,
                       const StLimits& limits);

}  // namespace headroom::formats
