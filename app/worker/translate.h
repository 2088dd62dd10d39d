// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <exception>

#include "base/errors/error.h"

namespace headroom::worker {

/// Any exception as one of ours: memory that ran out by type as MEM-01, all else that is not ours as INT-01. What LibTorch
/// and the library said goes to standard error, the run's log, never into the message.
Error translated(std::exception_ptr exception);

}  // namespace headroom::worker
