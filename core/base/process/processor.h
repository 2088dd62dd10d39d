// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::process {

/// Whether this processor multiplies bf16 matrices itself (AVX512-BF16 or AMX). Elsewhere the library emulates them at a
/// quarter of the speed of fp32, so products are computed in fp32 from the bf16 numbers and rounded once.
bool hasNativeBf16();

/// Threads that computing takes: OMP_NUM_THREADS where it is set, else the cores that this process may use.
int computeThreads();

}  // namespace headroom::process
