// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/pooling.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool2d_backward.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/div.h>
#include <ATen/ops/floor_divide.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/remainder.h>

#include <algorithm>
#include <limits>

#include "base/graph/ops/shapes.h"
#include "base/graph/ops/windows.h"
#include "engine/run/ops/kernels.h"
#include "engine/run/ops/pools.h"
#include "engine/run/ops/support.h"
#include "engine/run/segment.h"

namespace headroom::run {
namespace {

graph::Window windowOf(const KernelContext& context) { return graph::windowOf(context.node, 1, 1); }

/// The windows of one row of the output.
simd::PoolRow poolRow(const graph::Window& window, at::IntArrayRef in, std::int64_t outRow, std::int64_t outWidth) {
    return {in[1], outWidth, in[3], in[2], window.kernel[0], window.kernel[1],
            outRow * window.stride[0] - window.padBegin[0], -window.padBegin[1], window.stride[1],
            window.dilation[0], window.dilation[1]};
}

void maxForwardOwn(KernelContext& context) {
    const at::Tensor x = tensor::inLayout(context.inputs[0]);
    const at::Tensor y = tensor::emptyInLayout(context.outputTypes[0]->shape, x.scalar_type(), x.device());
    const at::Tensor index = tensor::emptyInLayout(y.sizes(), at::kByte, x.device());
    const graph::Window window = windowOf(context);
    const std::int64_t height = y.size(2), width = y.size(3), channels = y.size(1);
    const std::int64_t picture = x.numel() / x.size(0);
    withElement(x, [&]<class T>() {
        parallel(x.size(0) * height, 1 + 8192 / (width * channels), [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row)
                simd::table<T>().maxPool(elements<T>(x) + row / height * picture, elements<T>(y) + row * width * channels,
                                         elements<std::uint8_t>(index) + row * width * channels,
                                         poolRow(window, x.sizes(), row % height, width));
        });
    });
    context.outputs[0] = y;
    if (context.training) context.extras[0] = index;
}

/// One thread a picture: windows that overlap add to the same numbers.
void maxBackwardOwn(KernelContext& context) {
    const at::Tensor dy = tensor::inLayout(context.outputGradients[0]);
    const at::Tensor& index = context.extras[0];
    const at::IntArrayRef shape = inputShape(context);
    const at::Tensor dx = tensor::emptyInLayout(shape, dy.scalar_type(), dy.device());
    const graph::Window window = windowOf(context);
    const std::int64_t height = dy.size(2), width = dy.size(3), channels = dy.size(1);
    const std::int64_t picture = dx.numel() / shape[0];
    withElement(dy, [&]<class T>() {
        parallel(shape[0], 1, [&](std::int64_t begin, std::int64_t end) {
            std::fill(elements<T>(dx) + begin * picture, elements<T>(dx) + end * picture, T{});
            for (std::int64_t row = begin * height; row < end * height; ++row)
                simd::table<T>().maxPoolBackward(elements<T>(dy) + row * width * channels,
                                                 elements<std::uint8_t>(index) + row * width * channels,
                                                 elements<T>(dx) + row / height * picture,
                                                 poolRow(window, shape, row % height, width));
        });
    });
    context.inputGradients[0] = dx;
}

/// A window as LibTorch takes it, which pads alike on both sides: other paddings are put around the picture before.
struct Pads {
    std::vector<std::int64_t> kernel, stride, dilation, symmetric;
    std::vector<std::int64_t> around;  ///< {left, right, top, bottom} put around before; empty: none

    explicit Pads(const graph::Window& w)
        : kernel{w.kernel[0], w.kernel[1]}, stride{w.stride[0], w.stride[1]}, dilation{w.dilation[0], w.dilation[1]},
          symmetric{w.padBegin[0], w.padBegin[1]} {
        if (w.padBegin[0] == w.padEnd[0] && w.padBegin[1] == w.padEnd[1]) return;
        around = {w.padBegin[1], w.padEnd[1], w.padBegin[0], w.padEnd[0]};
        symmetric = {0, 0};
    }

    at::Tensor put(const at::Tensor& picture, double value) const {
        return tensor::inLayout(around.empty() ? picture : at::constant_pad_nd(picture, around, value));
    }
    at::Tensor takeOff(const at::Tensor& picture, at::IntArrayRef shape) const {
        if (around.empty()) return picture;
        return tensor::inLayout(picture.narrow(3, around[0], shape[3]).narrow(2, around[2], shape[2]));
    }
    std::vector<std::int64_t> shapeWith(at::IntArrayRef shape) const {
        std::vector<std::int64_t> whole = shape.vec();
        if (around.empty()) return whole;
        whole[2] += around[2] + around[3];
        whole[3] += around[0] + around[1];
        return whole;
    }
};

/// First row and column of every window of `like` [n, c, h', w'], broadcastable against it.
std::pair<at::Tensor, at::Tensor> corners(const at::Tensor& like, const Pads& pads) {
    const auto options = at::TensorOptions().dtype(at::kLong).device(like.device());
    const at::Tensor rows = at::arange(like.size(2), options).mul(pads.stride[0]).sub(pads.symmetric[0]).view({-1, 1});
    const at::Tensor columns = at::arange(like.size(3), options).mul(pads.stride[1]).sub(pads.symmetric[1]);
    return {rows, columns};
}

/// LibTorch's index is the place in the picture; kept is the place in the window, one byte.
at::Tensor placesInWindow(const at::Tensor& index, const Pads& pads, std::int64_t width) {
    const auto [top, left] = corners(index, pads);
    const at::Tensor row = at::floor_divide(at::floor_divide(index, width) - top, pads.dilation[0]);
    const at::Tensor column = at::floor_divide(at::remainder(index, width) - left, pads.dilation[1]);
    return tensor::inLayout((row * pads.kernel[1] + column).to(at::kByte));
}

at::Tensor placesInPicture(const at::Tensor& places, const Pads& pads, std::int64_t width) {
    const auto [top, left] = corners(places, pads);
    const at::Tensor place = places.to(at::kLong);
    const at::Tensor row = at::floor_divide(place, pads.kernel[1]) * pads.dilation[0] + top;
    const at::Tensor column = at::remainder(place, pads.kernel[1]) * pads.dilation[1] + left;
    return tensor::inLayout(row * width + column);
}

void maxForwardComposed(KernelContext& context) {
    const graph::Window window = windowOf(context);
    const Pads pads(window);
    const at::Tensor x = pads.put(context.inputs[0], -std::numeric_limits<double>::infinity());
    auto [y, index] = at::max_pool2d_with_indices(x, pads.kernel, pads.stride, pads.symmetric, pads.dilation, window.ceil);
    context.outputs[0] = tensor::inLayout(y);
    if (context.training) context.extras[0] = placesInWindow(index, pads, x.size(3));
}

void maxBackwardComposed(KernelContext& context) {
    const graph::Window window = windowOf(context);
    const Pads pads(window);
    const at::Tensor& dy = context.outputGradients[0];
    // Only shape and layout of the input are read.
    const at::Tensor x = tensor::emptyInLayout(pads.shapeWith(inputShape(context)), dy.scalar_type(), dy.device());
    const at::Tensor index = placesInPicture(context.extras[0], pads, x.size(3));
    const at::Tensor dx = at::max_pool2d_with_indices_backward(tensor::inLayout(dy), x, pads.kernel, pads.stride,
                                                               pads.symmetric, pads.dilation, window.ceil, index);
    context.inputGradients[0] = pads.takeOff(tensor::inLayout(dx), inputShape(context));
}

bool isPicturePool(const KernelContext& context) {
    const graph::ResolvedTensor& x = *context.inputTypes[0];
    return graph::isPicturePool(context.node, x.shape.size()) && graph::isFloating(x.dtype);
}
bool isPictureAverage(const KernelContext& context) { return graph::isPictureAverage(context.node, context.inputTypes[0]->shape.size()); }

void maxForward(KernelContext& context) {
    if (!isPicturePool(context)) return maxPoolOfPlaces(context);
    hasOwnLoops(context.inputs[0]) ? maxForwardOwn(context) : maxForwardComposed(context);
}
void maxBackward(KernelContext& context) {
    if (!isPicturePool(context)) return backwardByAutograd(kMaxPoolKernel, context);
    hasOwnLoops(context.outputGradients[0]) ? maxBackwardOwn(context) : maxBackwardComposed(context);
}

bool countsPadding(const KernelContext& context) { return context.node.integer("count_include_pad", 0) != 0; }

/// With uneven padding that does not count: the share of every window that lies inside the picture.
at::Tensor insideShare(const KernelContext& context, const Pads& pads, const at::Tensor& like, bool ceil) {
    std::vector<std::int64_t> shape = inputShape(context).vec();
    shape[0] = shape[1] = 1;
    const at::Tensor inside = pads.put(at::ones(shape, like.options()), 0);
    return at::avg_pool2d(inside, pads.kernel, pads.stride, pads.symmetric, ceil, true);
}

void averageForward(KernelContext& context) {
    if (!isPictureAverage(context)) return averagePoolOfPlaces(context);
    const graph::Window window = windowOf(context);
    const Pads pads(window);
    const at::Tensor x = pads.put(context.inputs[0], 0);
    const at::Tensor y =
        at::avg_pool2d(x, pads.kernel, pads.stride, pads.symmetric, window.ceil, countsPadding(context) || !pads.around.empty());
    const bool partly = !pads.around.empty() && !countsPadding(context);
    context.outputs[0] = tensor::inLayout(partly ? at::div(y, insideShare(context, pads, x, window.ceil)) : y);
}

void averageBackward(KernelContext& context) {
    if (!isPictureAverage(context)) return backwardByAutograd(kAveragePoolKernel, context);
    const graph::Window window = windowOf(context);
    const Pads pads(window);
    at::Tensor dy = tensor::inLayout(context.outputGradients[0]);
    if (!pads.around.empty() && !countsPadding(context))
        dy = tensor::inLayout(at::div(dy, insideShare(context, pads, dy, window.ceil)));
    const at::Tensor x = tensor::emptyInLayout(pads.shapeWith(inputShape(context)), dy.scalar_type(), dy.device());
    const at::Tensor dx = at::avg_pool2d_backward(dy, x, pads.kernel, pads.stride, pads.symmetric, window.ceil,
                                                  countsPadding(context) || !pads.around.empty(), std::nullopt);
    context.inputGradients[0] = pads.takeOff(tensor::inLayout(dx), inputShape(context));
}

void globalForward(KernelContext& context) {
    std::vector<std::int64_t> places;
    for (std::int64_t dim = 2; dim < context.inputs[0].dim(); ++dim) places.push_back(dim);
    context.outputs[0] = tensor::inLayout(at::mean(context.inputs[0], places, true));
}

void globalBackward(KernelContext& context) {
    const at::Tensor& dy = context.outputGradients[0];
    const at::IntArrayRef shape = inputShape(context);
    at::Tensor dx = tensor::emptyInLayout(shape, dy.scalar_type(), dy.device());
    dx.copy_(at::div(dy, static_cast<double>(c10::multiply_integers(shape.slice(2)))).expand(shape));
    context.inputGradients[0] = dx;
}

}  // namespace

const Kernel kMaxPoolKernel{&graph::kMaxPool, maxForward, maxBackward};
const Kernel kAveragePoolKernel{&graph::kAveragePool, averageForward, averageBackward};
const Kernel kGlobalAveragePoolKernel{&graph::kGlobalAveragePool, globalForward, globalBackward};

}  // namespace headroom::run
