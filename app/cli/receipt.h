// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/store/run_summary.h"
#include "cli/print.h"

namespace headroom::cli {

/// {"predicted": {six figures}, "measured": {six figures}} of a run's facts; null for what is not there.
Json receiptJson(const Json& facts);
/// The same as a table with the difference of each; empty where the run has no receipt. Time, energy and cost of a run that
/// is not through are not compared.
std::string receiptTable(const Json& receipt, const store::RunSummary& run, const std::string& currency);

}  // namespace headroom::cli
