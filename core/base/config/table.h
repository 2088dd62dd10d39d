// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "base/config/fields.h"

namespace headroom::config {

/// Makes the table behind fields(): titles, help, ranges. Everybody else asks fields().
std::vector<Field> makeTable();

}  // namespace headroom::config
