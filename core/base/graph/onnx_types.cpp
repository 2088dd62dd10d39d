// SPDX-License-Identifier: Apache-2.0
#include "base/graph/onnx_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headroom::graph {
namespace {

using enum DType;
constexpr auto kNumbers = std::to_array<std::pair<DType, std::int64_t>>({
    {F32, 1}, {U8, 2}, {I8, 3}, {U16, 4}, {I16, 5}, {I32, 6}, {I64, 7}, {Bool, 9}, {F16, 10}, {F64, 11}, {U32, 12}, {U64, 13}, {BF16, 16}});

}  // namespace

std::int64_t onnxType(DType type) { return std::ranges::find(kNumbers, type, &std::pair<DType, std::int64_t>::first)->second; }

std::optional<DType> typeOfOnnx(std::int64_t number) {
    const auto found = std::ranges::find(kNumbers, number, &std::pair<DType, std::int64_t>::second);
    return found == kNumbers.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace headroom::graph
