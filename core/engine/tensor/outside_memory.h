// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>

#include "base/units/units.h"

namespace headroom::tensor {

/// Where tensors live that are used where they lie, but outside of their device's memory. On the CPU a mapped file: pages come
/// when they are touched and stay until somebody lets them go. On CUDA the machine's pinned memory, which kernels reach over
/// the bus.
class OutsideMemory {
public:
    virtual ~OutsideMemory() = default;

    /// Zeros of the extents and strides of `like`, on its device. They must go before their home does. Throws MEM-03 where
    /// there is no room.
    virtual at::Tensor zerosLike(const at::Tensor& like, at::ScalarType type) = 0;
    /// Of one of its tensors: these elements, in the order of memory, are about to be used; they were used, and the process is
    /// no longer to hold them.
    virtual void expect(const at::Tensor& tensor, std::int64_t first, std::int64_t count) = 0;
    virtual void letGo(const at::Tensor& tensor, std::int64_t first, std::int64_t count) = 0;
    void letGo(const at::Tensor& tensor) { letGo(tensor, 0, tensor.numel()); }
};

/// The file lies in `folder`, which is made where it is missing. Throws MEM-03.
std::unique_ptr<OutsideMemory> makeOutsideMemory(at::Device device, const std::filesystem::path& folder);

}  // namespace headroom::tensor
