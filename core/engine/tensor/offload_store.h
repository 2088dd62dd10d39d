// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>

#include "base/units/units.h"

namespace headroom::tensor {

/// Where the contents of tensors wait outside of their device's memory. A tensor keeps its extents and its views; its memory
/// goes and comes back.
class OffloadStore {
public:
    virtual ~OffloadStore() = default;

    /// At least so many bytes. Throws MEM-03 where they are not to be had.
    virtual void reserve(Bytes bytes) = 0;
    /// Writes the tensor's storage to `place` and frees its memory. Throws DSK-02.
    void store(Bytes place, const at::Tensor& tensor);
    /// Memory for the storage again, with what store() found in it. Throws c10::OutOfMemoryError, DSK-02.
    void fetch(Bytes place, const at::Tensor& tensor);

protected:
    virtual void write(Bytes place, const at::Storage& storage) = 0;
    virtual void read(Bytes place, const at::Storage& storage) = 0;
};

/// For tensors on the CPU a file in `folder`, which is made where it is missing; for those on CUDA pinned memory.
/// Throws MEM-03.
std::unique_ptr<OffloadStore> makeOffloadStore(at::Device device, const std::filesystem::path& folder);

}  // namespace headroom::tensor
