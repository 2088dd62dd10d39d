// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace headroom::formats {

enum class Cell {
    Missing,       ///< empty, ?, NA, NaN, null
    Number,        ///< a finite decimal number
    AlmostNumber,  ///< meant as a number, but not usable: 1e999, 0x1p3, 1,5, inf
    Text
};

/// What a cell is; `number` is set where it is a number. Independent of the locale.
Cell classify(std::string_view cell, double& number);

}  // namespace headroom::formats
