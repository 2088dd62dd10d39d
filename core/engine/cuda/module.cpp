// SPDX-License-Identifier: Apache-2.0
// Entry points that the worker looks up after opening the module.
#include <ATen/core/Tensor.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "engine/cuda/fill.h"

#define HEADROOM_EXPORT extern "C" __attribute__((visibility("default")))

/// Devices that LibTorch can use; 0 where the driver is missing or too old.
HEADROOM_EXPORT int headroomCudaDeviceCount() { return c10::cuda::device_count(); }

/// Fills a contiguous float tensor on its device's current stream. Returns a cudaError_t, 0 for success.
HEADROOM_EXPORT int headroomCudaFill(at::Tensor& tensor, float value) {
    const auto stream = c10::cuda::getCurrentCUDAStream(tensor.get_device());
    return headroom::cuda::fill(tensor.mutable_data_ptr<float>(), tensor.numel(), value, stream.stream());
}
