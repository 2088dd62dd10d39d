// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "cli/print.h"

namespace headroom::cli {

/// A document for people: a line a value, "name.part  value".
std::string readableJson(const Json& document);

}  // namespace headroom::cli
