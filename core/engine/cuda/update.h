// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/block_update.h"

namespace headroom::cuda {

/// All memory on the device of `stream`.
cudaError_t update(const BlockUpdate& what, cudaStream_t stream);

}  // namespace headroom::cuda
