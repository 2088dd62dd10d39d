// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/graph/graph.h"
#include "base/plan/program.h"

// Between our plain types and LibTorch's.
namespace headroom::tensor {

at::ScalarType scalarType(graph::DType dtype);
/// Throws Error INT-01 for an element type that a Graph does not have.
graph::DType dtype(at::ScalarType type);

/// A contiguous CPU tensor with a copy of `bytes` (little-endian, row-major), which must hold exactly its elements.
at::Tensor fromBytes(graph::DType dtype, std::span<const std::int64_t> shape, std::span<const std::byte> bytes);
/// The elements in row-major order, whatever the tensor's device and layout.
std::vector<std::byte> toBytes(const at::Tensor& tensor);

/// `tensor` in the layout that the engine keeps activations and kernels in: four dimensions are channels-last, with the
/// strides written out also where an extent of 1 would let both layouts look alike; others are contiguous.
at::Tensor inLayout(const at::Tensor& tensor);
/// Uninitialised, in that layout.
at::Tensor emptyInLayout(at::IntArrayRef shape, at::ScalarType type, at::Device device);
bool isInLayout(const at::Tensor& tensor);

/// Counts the tensor's memory as `kind`, where it came from the CPU allocator of this engine.
void label(const at::Tensor& tensor, plan::Kind kind);

}  // namespace headroom::tensor
