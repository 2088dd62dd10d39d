// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <exception>
#include <optional>

#include "base/errors/error.h"

namespace headroom::train {

/// MEM-01 where the exception means that memory ran out, whoever says it: the executor, LibTorch, the C++ library.
std::optional<Failure> outOfMemory(const std::exception_ptr& exception);

}  // namespace headroom::train
