// SPDX-License-Identifier: Apache-2.0
#include "engine/run/ops/kernels.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include "base/graph/ops/convolution.h"
#include "engine/run/ops/support.h"

namespace headroom::run {
namespace {

struct Geometry {
    std::vector<std::int64_t> stride, padding, dilation;
    std::vector<std::int64_t> extra;  ///< {right, bottom} padding beyond the symmetric one; empty: none
    std::int64_t groups;
};

Geometry geometryOf(const graph::Node& node) {
    const auto pads = node.integers("pads", {0, 0, 0, 0});
    Geometry geometry{node.integers("strides", {1, 1}), {pads[0], pads[1]}, node.integers("dilations", {1, 1}), {},
                      node.integer("group", 1)};
    if (pads[0] != pads[2] || pads[1] != pads[3]) {
        geometry.padding = {0, 0};
        geometry.extra = {pads[1], pads[3], pads[0], pads[2]};
    }
    return geometry;
}

at::Tensor padded(const at::Tensor& x, const Geometry& geometry) {
    const at::Tensor whole = geometry.extra.empty() ? x : at::constant_pad_nd(x, geometry.extra);
    return tensor::inLayout(whole);
}

/// The part of the padded picture that was the picture.
at::Tensor unpadded(const at::Tensor& dx, const Geometry& geometry, at::IntArrayRef shape) {
    if (geometry.extra.empty()) return dx;
    return dx.narrow(3, geometry.extra[0], shape[3]).narrow(2, geometry.extra[2], shape[2]);
}

void forward(KernelContext& context) {
    const Geometry geometry = geometryOf(context.node);
    const at::ScalarType type = productType(context.inputs[0]);
    const at::Tensor place = placeFor(context.outputTypes[0]->shape, outputType(context), type, context.inputs[0].device());
    const at::Tensor x = padded(as(context.inputs[0], type), geometry);
    const at::Tensor w = tensor::inLayout(as(context.inputs[1], type));
    const at::Tensor bias = context.inputs.size() > 2 ? as(context.inputs[2], type) : at::Tensor();
    const at::Tensor y = at::convolution(x, w, bias.defined() ? std::optional(bias) : std::nullopt, geometry.stride,
                                         geometry.padding, geometry.dilation, false, {0, 0}, geometry.groups);
    context.outputs[0] = place.defined() ? settled(place, y) : tensor::inLayout(y);
}

void backward(KernelContext& context) {
    const Geometry geometry = geometryOf(context.node);
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
        geometry.padding, geometry.dilation, false, {0, 0}, geometry.groups,
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
