// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <iosfwd>

#include "prover/report.h"

namespace headroom::prover {

/// Told a document for the caller.
using Tell = std::function<void(const nlohmann::ordered_json&)>;

/// Runs samples through a file, as many as the caller has, so that neither side holds them all: tells {"precision"} once the file is
/// open, then for every line {"samples": FILE, "out": FILE} of `lines` runs these samples (safetensors), writes the outputs (safetensors, one
/// tensor an output, fp32) and tells {"rows": n}. At the end of the lines it measures and returns the report. Throws EXP-03 where the
/// file cannot be run, DAT-05 where samples do not suit it.
Report verify(const Request& request, std::istream& lines, const Tell& tell);

}  // namespace headroom::prover
