// SPDX-License-Identifier: Apache-2.0
#include "engine/run/ops/kernels.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include <algorithm>

#include "base/graph/ops/convolution.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

struct Geometry {
    std::vector<std::int64_t> stride, padding, dilation;
    std::vector<std::int64_t> extra;  ///< begin and end of each place, the last one first, where they differ; empty: they do not
    std::int64_t groups;
};

Geometry geometryOf(const KernelContext& context) {
    const std::size_t places = context.inputTypes[0]->shape.size() - 2;
    const std::vector<std::int64_t> ones(places, 1);
    const auto pads = context.node.integers("pads", std::vector<std::int64_t>(2 * places, 0));
    Geometry geometry{context.node.integers("strides", ones), {pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(places)},
                      context.node.integers("dilations", ones), {}, context.node.integer("group", 1)};
    if (std::equal(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(places), pads.begin() + static_cast<std::ptrdiff_t>(places))) return geometry;
    geometry.padding.assign(places, 0);
    for (std::size_t i = places; i > 0; --i) geometry.extra.insert(geometry.extra.end(), {pads[i - 1], pads[places + i - 1]});
    return geometry;
}

std::vector<std::int64_t> noExtra(const Geometry& geometry) { return std::vector<std::int64_t>(geometry.stride.size(), 0); }

at::Tensor padded(const at::Tensor& x, const Geometry& geometry) {
    const at::Tensor whole = geometry.extra.empty() ? x : at::constant_pad_nd(x, geometry.extra);
    return tensor::inLayout(whole);
}

/// The part of the padded picture that was the picture.
at::Tensor unpadded(const at::Tensor& dx, const Geometry& geometry, at::IntArrayRef shape) {
    at::Tensor part = dx;
    for (std::size_t i = 0; i < geometry.extra.size() / 2; ++i) {
        const std::size_t dim = shape.size() - 1 - i;
        part = part.narrow(static_cast<std::int64_t>(dim), geometry.extra[2 * i], shape[dim]);
    }
    return part;
}

void forward(KernelContext& context) {
    const Geometry geometry = geometryOf(context);
    const at::ScalarType type = productType(context.inputs[0]);
    const at::Tensor place = placeFor(context.outputTypes[0]->shape, outputType(context), type, context.inputs[0].device());
    const at::Tensor x = padded(as(context.inputs[0], type), geometry);
    const at::Tensor w = tensor::inLayout(as(context.inputs[1], type));
    const at::Tensor bias = context.inputs.size() > 2 ? as(context.inputs[2], type) : at::Tensor();
    const at::Tensor y = at::convolution(x, w, bias.defined() ? std::optional(bias) : std::nullopt, geometry.stride,
                                         geometry.padding, geometry.dilation, false, noExtra(geometry), geometry.groups);
    context.outputs[0] = place.defined() ? settled(place, y) : tensor::inLayout(as(y, outputType(context)));
}

void backward(KernelContext& context) {
    const Geometry geometry = geometryOf(context);
    const at::ScalarType type = productType(context.inputs[0]);
    const at::ScalarType given = context.outputGradients[0].scalar_type();
    const at::Tensor place = context.wantsGradient[0] ? placeFor(inputShape(context), given, type, context.inputs[0].device()) : at::Tensor();
    const at::Tensor x = padded(as(context.inputs[0], type), geometry);
    const at::Tensor w = tensor::inLayout(as(context.inputs[1], type));
    const at::Tensor dy = tensor::inLayout(as(context.outputGradients[0], type));
    const bool bias = context.wantsGradient.size() > 2 && context.wantsGradient[2];
    const std::array<std::int64_t, 1> biasShape{w.size(0)};
    auto [dx, dw, db] = at::convolution_backward(
        dy, x, w, bias ? at::OptionalIntArrayRef(biasShape) : at::OptionalIntArrayRef(), geometry.stride,
        geometry.padding, geometry.dilation, false, noExtra(geometry), geometry.groups,
        {context.wantsGradient[0], context.wantsGradient[1], bias});
    if (context.wantsGradient[0]) {
        const at::Tensor whole = unpadded(dx, geometry, inputShape(context));
        context.inputGradients[0] = place.defined() ? settled(place, whole) : tensor::inLayout(as(whole, given));
    }
    if (context.wantsGradient[1]) context.inputGradients[1] = tensor::inLayout(dw);
    if (bias) context.inputGradients[2] = db;
}

}  // namespace

const Kernel kConvKernel{&graph::kConv, forward, backward};

}  // namespace headroom::run
