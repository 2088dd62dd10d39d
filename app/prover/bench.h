// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "prover/report.h"

namespace headroom::prover {

/// Measures any file on samples made up for its declared shapes: the first dimension is the batch where it is free, other free ones
/// are `length` (0: the context that a file of ours names, else 128). Numbers lie in [-1, 1), bytes in [0, 255], whole numbers
/// among the rows of the table that they look up, else in [0, 1]. A file that fixes its batch is measured with that one.
/// Throws EXP-03 for inputs that nothing can be made for, also where those of a batch would take more than 1 GiB.
Report bench(const Request& request, std::int64_t length);

}  // namespace headroom::prover
