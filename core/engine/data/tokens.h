// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/config/run_config.h"
#include "engine/formats/tokenizer.h"

namespace headroom::data {

/// The tokenizer that a run's text was read with. `names`: Dataset::classes, of which characters are made. Throws what reading
/// tables throws.
std::unique_ptr<formats::Tokenizer> tokenizerOf(const config::RunConfig::Data& data, const std::vector<std::string>& names);

}  // namespace headroom::data
