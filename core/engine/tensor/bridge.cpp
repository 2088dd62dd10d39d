// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/bridge.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/CPUAllocator.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/errors/error.h"
#include "engine/tensor/memory.h"

namespace headroom::tensor {
namespace {

constexpr std::array kTypes = {
    std::pair{graph::DType::F32, at::kFloat}, std::pair{graph::DType::F64, at::kDouble},
    std::pair{graph::DType::F16, at::kHalf},  std::pair{graph::DType::BF16, at::kBFloat16},
    std::pair{graph::DType::I64, at::kLong},  std::pair{graph::DType::I32, at::kInt},
    std::pair{graph::DType::U8, at::kByte},   std::pair{graph::DType::Bool, at::kBool},
    std::pair{graph::DType::I8, at::kChar},   std::pair{graph::DType::I16, at::kShort},
    std::pair{graph::DType::U16, at::kUInt16}, std::pair{graph::DType::U32, at::kUInt32},
    std::pair{graph::DType::U64, at::kUInt64}};

std::array<std::int64_t, 4> channelsLastStrides(at::IntArrayRef shape) {
    return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
}

/// Whether the elements already lie channels-last: only strides of single-element dimensions differ.
bool sameOrder(const at::Tensor& tensor) {
    const auto wanted = channelsLastStrides(tensor.sizes());
    for (std::size_t dim = 0; dim < 4; ++dim)
        if (tensor.size(static_cast<std::int64_t>(dim)) != 1 && tensor.stride(static_cast<std::int64_t>(dim)) != wanted[dim])
            return false;
    return true;
}

}  // namespace

at::ScalarType scalarType(graph::DType wanted) {
    for (const auto& [ours, theirs] : kTypes)
        if (ours == wanted) return theirs;
    throw Error({Code::Int01, "element type", "unknown", {}, {}, {}});
}

graph::DType dtype(at::ScalarType type) {
    for (const auto& [ours, theirs] : kTypes)
        if (theirs == type) return ours;
    throw Error({Code::Int01, "element type", "not one of the graph's", at::toString(type), {}, {}});
}

at::Tensor fromBytes(graph::DType type, std::span<const std::int64_t> shape, std::span<const std::byte> bytes) {
    at::Tensor tensor = at::empty(at::IntArrayRef(shape.data(), shape.size()), scalarType(type));
    if (static_cast<std::size_t>(tensor.nbytes()) != bytes.size())
        throw Error({Code::Int01, "tensor", "size does not fit its shape", std::to_string(bytes.size()),
                     std::to_string(tensor.nbytes()), {}});
    if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return tensor;
}

std::vector<std::byte> toBytes(const at::Tensor& tensor) {
    const at::Tensor plain = tensor.detach().cpu().contiguous(at::MemoryFormat::Contiguous);
    std::vector<std::byte> bytes(plain.nbytes());
    if (!bytes.empty()) std::memcpy(bytes.data(), plain.data_ptr(), bytes.size());
    return bytes;
}

bool isInLayout(const at::Tensor& tensor) {
    if (tensor.dim() != 4) return tensor.is_contiguous();
    const auto wanted = channelsLastStrides(tensor.sizes());
    return tensor.strides() == at::IntArrayRef(wanted);
}

at::Tensor emptyInLayout(at::IntArrayRef shape, at::ScalarType type, at::Device device) {
    const auto options = at::TensorOptions().dtype(type).device(device);
    if (shape.size() != 4) return at::empty(shape, options);
    return at::empty_strided(shape, channelsLastStrides(shape), options);
}

at::Tensor inLayout(const at::Tensor& tensor) {
    if (isInLayout(tensor)) return tensor;
    if (tensor.dim() != 4) return tensor.contiguous();
    if (sameOrder(tensor)) return tensor.as_strided(tensor.sizes(), channelsLastStrides(tensor.sizes()));
    at::Tensor result = emptyInLayout(tensor.sizes(), tensor.scalar_type(), tensor.device());
    result.copy_(tensor);
    return result;
}

void label(const at::Tensor& tensor, plan::Kind kind) {
    static const c10::DeleterFnPtr ours = [] {
        installAllocator();
        return c10::GetCPUAllocator()->raw_deleter();
    }();
    if (!tensor.defined() || !tensor.device().is_cpu()) return;
    const c10::DataPtr& memory = tensor.storage().data_ptr();
    if (memory.get() && memory.get_deleter() == ours) relabel(memory.get(), kind);
}

}  // namespace headroom::tensor
