// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/graph/op_entry.h"
#include "base/units/units.h"

namespace headroom::train {

/// What else decides the bits of a result: versions, instruction set, threads, device, precision. Stored with a run and in
/// its checkpoints.
nlohmann::json environment(const at::Device& device, const std::string& precision, int world);

/// The differences that can change results, each as "threads 2, were 4"; empty where there are none.
std::vector<std::string> differences(const nlohmann::json& before, const nlohmann::json& now);

/// What training may take there when nobody said: on the CPU what the system has left. On CUDA nobody but the driver knows
/// what is free: the largest number, so that the whole batch is tried.
Bytes availableMemory(graph::DeviceKind device);

/// LibTorch's threads: OMP_NUM_THREADS where it is set, else the cores this process may use.
void setComputeThreads();

}  // namespace headroom::train
