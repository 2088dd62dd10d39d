// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "engine/cuda/exports.h"

// The CUDA half, a module beside the program that is opened where a driver shows a device. Nothing here links CUDA.
namespace headroom::run {

/// Devices that training can use; opens the module at the first call. 0 where there are none, and why in `reason`.
int cudaDevices(std::string* reason = nullptr);

/// Equal runs give equal bits on CUDA, at some cost in speed. Call it before the first operator; on the CPU that is so anyway.
void useDeterministicAlgorithms();

/// Figures of a CUDA device. Only after cudaDevices() said that it is there.
cuda::MemoryFigures deviceMemory(at::Device device);
void resetDevicePeak(at::Device device);
/// Past this share of the device's memory LibTorch throws c10::OutOfMemoryError.
void limitDeviceMemory(at::Device device, double share);
void emptyDeviceCache();
/// Waits for all that was given to the device; returns at once for the CPU.
void synchronise(at::Device device);

/// The dropout mask of run/simd on the device. `samples` on the CPU.
void deviceDropout(const at::Tensor& x, const at::Tensor& y, const at::Tensor& samples, std::uint64_t key,
                   std::uint32_t threshold, float factor);

/// One optimizer update of a parameter on its device.
void deviceUpdate(const at::Tensor& parameter, const cuda::BlockUpdate& what);

}  // namespace headroom::run
