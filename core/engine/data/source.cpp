// SPDX-License-Identifier: Apache-2.0
#include "engine/data/source.h"

#include <ATen/ops/empty.h>

#include "engine/tensor/memory.h"

namespace headroom::data {

at::Tensor batchTensor(at::IntArrayRef shape, at::ScalarType type, const Placement& placement) {
    const tensor::MemoryScope scope(plan::Kind::Batches);
    return at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(placement.pinned));
}

}  // namespace headroom::data
