// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

/// Number of single-character edits between two words (Levenshtein): what is near was meant.
std::size_t editDistance(std::string_view a, std::string_view b);

/// "Did you mean A, B or C?"; empty where there is none.
std::string didYouMean(const std::vector<std::string_view>& names);

}  // namespace headroom
