// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace headroom {

/// Length in bytes of the well-formed UTF-8 character at the start of `text`; 0 where there is none (Unicode 15.0,
/// table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8Length(std::string_view text);

/// Offset of the first byte that is not well-formed UTF-8.
std::optional<std::size_t> findInvalidUtf8(std::string_view text);

}  // namespace headroom
