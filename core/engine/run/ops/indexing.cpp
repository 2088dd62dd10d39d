// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/indexing.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "base/errors/error.h"
#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

/// Places along a dimension, those below 0 counted from its end; LibTorch refuses what lies outside.
at::Tensor counted(T indices, std::int64_t extent) {
    const at::Tensor wide = indices.to(at::kLong);
    return at::where(wide < 0, wide + extent, wide);
}

std::int64_t axisOf(C context, std::int64_t fallback) {
    return static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", fallback), context.inputTypes[0]->shape.size()));
}

at::Tensor gatheredElements(C context) {
    const std::int64_t axis = axisOf(context, 0);
    return context.inputs[0].gather(axis, counted(context.inputs[1], context.inputs[0].size(axis)));
}

/// "amax" as scatter_reduce calls ONNX's "max".
std::string libTorchName(const std::string& reduction) {
    if (reduction == "add") return "sum";
    if (reduction == "mul") return "prod";
    return "a" + reduction;
}

at::Tensor scattered(T data, std::int64_t axis, T places, T updates, const std::string& reduction) {
    if (reduction == "none") return data.scatter(axis, places, updates);
    return data.scatter_reduce(axis, places, updates, libTorchName(reduction), true);
}

at::Tensor scatteredElements(C context) {
    const std::int64_t axis = axisOf(context, 0);
    const at::Tensor data = wide(context.inputs[0]), updates = as(wide(context.inputs[2]), data.scalar_type());
    return scattered(data, axis, counted(context.inputs[1], data.size(axis)), updates, context.node.text("reduction", "none"));
}

/// Row numbers of [rows of `named` dimensions, rest] for indices [..., named].
at::Tensor flatPlaces(T indices, at::IntArrayRef dims) {
    at::Tensor place = counted(indices.select(-1, 0), dims[0]);
    for (std::size_t k = 1; k < dims.size(); ++k) place = place * dims[k] + counted(indices.select(-1, static_cast<std::int64_t>(k)), dims[k]);
    return place;
}

at::Tensor gatheredBlocks(C context) {
    const at::Tensor &data = context.inputs[0], &indices = context.inputs[1];
    const std::int64_t batchDims = context.node.integer("batch_dims", 0), named = indices.size(-1);
    const at::IntArrayRef shape = data.sizes();
    const std::int64_t batch = c10::multiply_integers(shape.slice(0, static_cast<std::size_t>(batchDims)));
    const at::IntArrayRef dims = shape.slice(static_cast<std::size_t>(batchDims), static_cast<std::size_t>(named));
    const at::Tensor places = flatPlaces(indices, dims).reshape({batch, -1});
    const std::int64_t rows = c10::multiply_integers(dims);
    const at::Tensor offset = at::arange(batch, places.options()).unsqueeze(1) * rows;
    return data.reshape({batch * rows, -1}).index_select(0, (places + offset).reshape({-1}));
}

at::Tensor scatteredBlocks(C context) {
    const at::Tensor data = wide(context.inputs[0]), updates = as(wide(context.inputs[2]), data.scalar_type());
    const at::Tensor& indices = context.inputs[1];
    const at::IntArrayRef dims = data.sizes().slice(0, static_cast<std::size_t>(indices.size(-1)));
    const std::int64_t rows = c10::multiply_integers(dims);
    const at::Tensor flat = data.contiguous().reshape({rows, -1});
    const at::Tensor places = flatPlaces(indices, dims).reshape({-1, 1}).expand({-1, flat.size(1)});
    return scattered(flat, 0, places, updates.reshape({-1, flat.size(1)}), context.node.text("reduction", "none"));
}

/// The k largest (smallest) in order; equal ones by their place.
void topK(KernelContext& context) {
    const std::int64_t axis = axisOf(context, -1), k = context.outputTypes[0]->shape[static_cast<std::size_t>(axis)];
    auto [values, places] = wide(context.inputs[0]).sort(/*stable=*/true, axis, context.node.integer("largest", 1) != 0);
    context.outputs[0] = owned(context, values.narrow(axis, 0, k));
    context.outputs[1] = owned(context, places.narrow(axis, 0, k), 1);
}

}  // namespace

std::vector<Kernel> indexingKernels() {
    return {{operatorNamed("GatherElements"), made<gatheredElements>, nullptr},
            {operatorNamed("GatherND"), made<gatheredBlocks>, nullptr},
            {operatorNamed("ScatterElements"), made<scatteredElements>, nullptr},
            {operatorNamed("ScatterND"), made<scatteredBlocks>, nullptr},
            {operatorNamed("TopK"), topK, nullptr}};
}

}  // namespace headroom::run
