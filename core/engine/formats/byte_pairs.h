// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>
#include <vector>

namespace headroom::formats {

/// A text cut as GPT-2's pattern matches it:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// `text` is UTF-8. All bytes of it are in one piece each.
std::vector<std::string_view> piecesOf(std::string_view text);

}  // namespace headroom::formats
