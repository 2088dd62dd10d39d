// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/graph/op_entry.h"
#include "base/units/units.h"

namespace headroom::plan {

/// What a process on a GPU takes there beside its tensors (context, the libraries' kernels); in no data sheet, taken for every one.
constexpr Bytes kCudaContext = 512 * kMiB;

/// What a plan has to know of a device: this machine's, or one that is somewhere else. 0 = not known, or (a rate) not in
/// the hardware.
struct DeviceModel {
    std::string name;  ///< as in the table: "RTX 4090"
    graph::DeviceKind kind = graph::DeviceKind::Cpu;
    Bytes memory = 0;      ///< that programs see
    double bandwidth = 0;  ///< bytes/s, between the processor and that memory
    /// FLOP/s of dense matrix products (a multiply-add counts as 2). fp32 is also the rate of everything else; bf16 adds
    /// up in fp32.
    double fp32 = 0, tf32 = 0, bf16 = 0;
    double watts = 0;        ///< under full load: of a board, or of the processor
    double nodeSeconds = 0;  ///< to start a node, whatever its size
    /// bytes/s, between that memory and where tensors wait outside of it: the disk, or over the bus to the machine's memory.
    double outside = 0;
    Bytes context = 0;       ///< CUDA: what a process holds on the device beside its tensors
    int capability = 0;      ///< CUDA: 89 = compute capability 8.9
    bool bandwidthIsEstimate = false, wattsIsEstimate = false;

    /// FLOP/s and bandwidth are known, so that a time can be told.
    bool hasRates() const { return fp32 > 0 && bandwidth > 0; }
};

/// Least compute capability that the CUDA 13 libraries of this program still run on (CUDA 13 release notes).
constexpr int kLeastCapability = 75;

/// The GPUs whose figures are known, small ones first in each generation.
std::span<const DeviceModel> deviceModels();

/// The GPU of that name: capitals, spaces, hyphens and the words NVIDIA, GeForce and Tesla do not matter, and the end of a
/// name may be left out where that leaves one ("rtx 3060"). Throws DEV-03 with the names that come near.
const DeviceModel& deviceModel(std::string_view name);

/// The model of a GPU as its driver names it, with the memory that it really has. One that the table lacks has no rates.
DeviceModel modelOfGpu(std::string_view driverName, Bytes memory);

}  // namespace headroom::plan
