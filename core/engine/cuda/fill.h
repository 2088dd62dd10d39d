// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace headroom::cuda {

/// Sets `count` floats at `values` (device memory) to `value`, on `stream`. Returns the launch's error.
cudaError_t fill(float* values, std::int64_t count, float value, cudaStream_t stream);

}  // namespace headroom::cuda
