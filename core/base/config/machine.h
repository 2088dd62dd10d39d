// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config/document.h"

namespace headroom::config {

/// This machine as runs can use it: CUDA devices count only where a driver, their module beside the running program and
/// CUDA_VISIBLE_DEVICES allow it. With a driver it takes some 20 ms, else none.
Machine thisMachine();

}  // namespace headroom::config
