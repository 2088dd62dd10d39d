// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include "base/config/run_config.h"
#include "base/store/run_folder.h"
#include "support/temporary_folder.h"

namespace headroom::test {

/// Rows "age,job,hours,income": who works much or is a manager earns more, but for a few; some ages are missing.
std::string people(int first, int count);
/// The same with other columns among them, in another order.
std::string peopleInAnotherOrder(int first, int count);

/// An `mlp` on this table.
config::RunConfig configOn(const std::filesystem::path& data);
/// A run that was trained to its end.
store::RunFolder finished(const TemporaryFolder& folder, const config::RunConfig& config, const std::string& id);

}  // namespace headroom::test
