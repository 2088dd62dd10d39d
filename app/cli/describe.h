// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/store/run_summary.h"
#include "cli/print.h"

namespace headroom::cli {

struct Chosen;

/// A run as an object of `runs`: everything but its configuration.
Json describe(const store::RunSummary& run);
Json metricsJson(const store::RunSummary& run);
/// The summary of one run as its folder has it now, with its state.
store::RunSummary look(const Chosen& chosen);
/// "val_accuracy 0.9832, val_loss 0.0512", the metrics that matter most first.
std::string metricsText(const store::RunSummary& run);
/// "3 min 20 s", "4.2 s"; below a tenth of a second "12 ms", "340 us".
std::string readableDuration(double seconds);

}  // namespace headroom::cli
