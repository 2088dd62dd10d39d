// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

#include "base/process/processor.h"
#include "engine/run/kernel.h"
#include "engine/run/simd/simd.h"
#include "engine/tensor/bridge.h"

/// What the operators' kernels share.
namespace headroom::run {

/// Whether the own loops take this tensor: on the CPU, fp32 or bf16. Others go through LibTorch's operators.
inline bool hasOwnLoops(const at::Tensor& tensor) {
    return tensor.is_cpu() && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

/// Calls body.template operator()<T>() with the element type of the own loops.
template <class Body>
void withElement(const at::Tensor& tensor, Body body) {
    if (tensor.scalar_type() == at::kFloat)
        body.template operator()<float>();
    else
        body.template operator()<simd::BFloat>();
}

template <class T>
T* elements(const at::Tensor& tensor) {
    return static_cast<T*>(tensor.mutable_data_ptr());
}

/// The element type that the value of output `k` has in this program.
inline at::ScalarType outputType(const KernelContext& context, std::size_t k = 0) {
    return tensor::scalarType(context.outputTypes[k]->dtype);
}
inline at::IntArrayRef inputShape(const KernelContext& context, std::size_t k = 0) {
    return context.inputTypes[k]->shape;
}

/// An uninitialised tensor of the shape and layout of `tensor`.
inline at::Tensor emptyLike(const at::Tensor& tensor) {
    return tensor::emptyInLayout(tensor.sizes(), tensor.scalar_type(), tensor.device());
}
inline at::Tensor emptyFloats(at::IntArrayRef shape, at::Device device) {
    return tensor::emptyInLayout(shape, at::kFloat, device);
}

/// The type that products of this tensor are computed in: fp32 for bf16 where the processor has no bf16 arithmetic.
inline at::ScalarType productType(const at::Tensor& tensor) {
    const bool emulated = tensor.is_cpu() && tensor.scalar_type() == at::kBFloat16 && !process::hasNativeBf16();
    return emulated ? at::kFloat : tensor.scalar_type();
}
/// `tensor` in that type, itself where it has it already.
inline at::Tensor as(const at::Tensor& tensor, at::ScalarType type) {
    return !tensor.defined() || tensor.scalar_type() == type ? tensor : tensor.to(type);
}

/// For a result that is computed in another type and rounded at the end: taken before the copies that a kernel makes for itself,
/// as the plan has it. It outlives them, and above them it would leave a hole of their size. Undefined where nothing is rounded.
inline at::Tensor placeFor(at::IntArrayRef shape, at::ScalarType type, at::ScalarType computed, at::Device device) {
    return type == computed ? at::Tensor() : tensor::emptyInLayout(shape, type, device);
}
/// `computed` rounded into its place, itself where it has none.
inline at::Tensor settled(const at::Tensor& place, const at::Tensor& computed) {
    return place.defined() ? place.copy_(computed) : computed;
}

/// A tensor as rows of channels: pictures are channels-last, so a pixel is a row; anything else has its last dimension
/// as channels.
struct Rows {
    std::int64_t rows, channels;
};
inline Rows rowsOf(const at::Tensor& tensor) {
    const std::int64_t channels = tensor.dim() == 4 ? tensor.size(1) : tensor.size(-1);
    return {channels == 0 ? 0 : tensor.numel() / channels, channels};
}

/// Runs body(begin, end) over 0..count on the threads of LibTorch, at least `grain` of them each.
template <class Body>
void parallel(std::int64_t count, std::int64_t grain, const Body& body);

}  // namespace headroom::run

#include <ATen/Parallel.h>

namespace headroom::run {

template <class Body>
void parallel(std::int64_t count, std::int64_t grain, const Body& body) {
    at::parallel_for(0, count, grain > 0 ? grain : 1, body);
}

}  // namespace headroom::run
