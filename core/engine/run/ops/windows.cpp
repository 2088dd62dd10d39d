// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/windows.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool3d_with_indices.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>

#include <limits>

#include "engine/run/ops/families.h"
#include "engine/run/ops/pools.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using Numbers = std::vector<std::int64_t>;

/// Padding of the places as LibTorch takes it: the last one first.
Numbers around(const Numbers& begin, const Numbers& end) {
    Numbers all;
    for (std::size_t i = begin.size(); i > 0; --i) all.insert(all.end(), {begin[i - 1], end[i - 1]});
    return all;
}

/// Elements behind each place so that the last window of the output, which may hang over, lies inside.
Numbers reach(const graph::Windows& windows, at::IntArrayRef in, at::IntArrayRef out) {
    Numbers end;
    for (std::size_t i = 0; i < windows.kernel.size(); ++i) {
        const std::int64_t needed = (out[i + 2] - 1) * windows.stride[i] + windows.dilation[i] * (windows.kernel[i] - 1) + 1;
        end.push_back(needed - in[i + 2] - windows.padBegin[i]);
    }
    return end;
}

at::Tensor reached(T x, const graph::Windows& windows, at::IntArrayRef out, double value) {
    return at::constant_pad_nd(x, around(windows.padBegin, reach(windows, x.sizes(), out)), value);
}

/// Sums over the windows of [rows, places ...].
at::Tensor windowSums(T x, const graph::Windows& windows, at::IntArrayRef out) {
    const at::IntArrayRef shape = x.sizes();
    Numbers alone = shape.vec();
    alone[0] *= alone[1];
    alone[1] = 1;
    Numbers kernel{1, 1};
    kernel.insert(kernel.end(), windows.kernel.begin(), windows.kernel.end());
    const Numbers none(windows.kernel.size(), 0);
    const at::Tensor whole = reached(x.contiguous().reshape(alone), windows, out, 0);
    return at::convolution(whole, at::ones(kernel, x.options()), std::nullopt, windows.stride, none, windows.dilation, false, none, 1).reshape(out);
}

/// How many elements of each window count: those of the input, with its padding where that counts.
at::Tensor windowCounts(C context, T x, const graph::Windows& windows, at::IntArrayRef out) {
    Numbers shape = x.sizes().vec(), one = out.vec();
    shape[0] = shape[1] = one[0] = one[1] = 1;
    at::Tensor inside = at::ones(shape, x.options());
    graph::Windows whole = windows;
    if (context.node.integer("count_include_pad", 0) != 0) {
        inside = at::constant_pad_nd(inside, around(windows.padBegin, windows.padEnd), 1);
        std::fill(whole.padBegin.begin(), whole.padBegin.end(), 0);
    }
    return windowSums(inside, whole, one);
}

at::Tensor powers(C context) {
    const at::Tensor x = wide(context.inputs[0]);
    const double p = static_cast<double>(context.node.integer("p", 2));
    return windowSums(x.abs().pow(p), graph::windowsOf(context.node, {}), context.outputTypes[0]->shape).pow(1 / p);
}

at::Tensor largestOfAll(C context) {
    const at::Tensor& x = context.inputs[0];
    Numbers places;
    for (std::int64_t dim = 2; dim < x.dim(); ++dim) places.push_back(dim);
    return x.amax(places, true);
}

/// The whole spread of the windows, of which padding cuts off and to which output padding adds.
at::Tensor transposed(C context) {
    const at::ScalarType type = wideType(productType(context.inputs[0]));
    const at::Tensor x = as(context.inputs[0], type), w = as(context.inputs[1], type);
    const graph::Windows windows = graph::windowsOf(context.node, w.sizes().slice(2).vec());
    const Numbers none(windows.kernel.size(), 0);
    const at::Tensor whole = at::convolution(x, w, std::nullopt, windows.stride, none, windows.dilation, true, none, context.node.integer("group", 1));
    Numbers begin, end;
    for (std::size_t i = 0; i < windows.kernel.size(); ++i) {
        begin.push_back(-windows.padBegin[i]);
        end.push_back(context.outputTypes[0]->shape[i + 2] - whole.size(static_cast<std::int64_t>(i) + 2) + windows.padBegin[i]);
    }
    const at::Tensor cut = at::constant_pad_nd(whole, around(begin, end), 0);
    if (!isPresent(context, 2)) return cut;
    Numbers channels(context.outputTypes[0]->shape.size(), 1);
    channels[1] = cut.size(1);
    return cut + as(context.inputs[2], type).reshape(channels);
}

/// LibTorch's place in the padded volume of one channel as ONNX's place in the whole tensor; `columnMajor` counts places the
/// other way round.
at::Tensor placesInTensor(T index, const graph::Windows& windows, at::IntArrayRef padded, at::IntArrayRef shape, bool columnMajor) {
    at::Tensor rest = index, place = index * 0;
    std::int64_t stride = 1, volume = 1;
    Numbers strides(shape.size(), 1);
    for (std::size_t i = 2; i < shape.size(); ++i) {
        const std::size_t dim = columnMajor ? i : shape.size() + 1 - i;
        strides[dim] = stride;
        stride *= shape[dim];
        volume *= shape[i];
    }
    for (std::size_t dim = shape.size() - 1; dim >= 2; --dim) {
        place = place + (rest.remainder(padded[dim]) - windows.padBegin[dim - 2]) * strides[dim];
        rest = rest.div(padded[dim], "floor");
    }
    const at::Tensor channel = at::ones({shape[0] * shape[1]}, index.options()).cumsum(0) - 1;
    Numbers each(shape.size(), 1);
    each[0] = shape[0];
    each[1] = shape[1];
    return place + channel.reshape(each) * volume;
}

}  // namespace

void maxPoolOfPlaces(KernelContext& context) {
    const graph::Windows windows = graph::windowsOf(context.node, {});
    const at::Tensor& given = context.inputs[0];
    const at::ScalarType type = at::isFloatingType(given.scalar_type()) ? wideType(given.scalar_type()) : at::kFloat;
    const at::Tensor padded = reached(as(given, type), windows, context.outputTypes[0]->shape, -std::numeric_limits<double>::infinity()).contiguous();
    const bool line = windows.kernel.size() == 1;
    const at::Tensor x = line ? padded.unsqueeze(2) : padded;
    Numbers kernel = windows.kernel, stride = windows.stride, dilation = windows.dilation;
    for (Numbers* numbers : {&kernel, &stride, &dilation})
        if (line) numbers->insert(numbers->begin(), 1);
    const Numbers none(kernel.size(), 0);
    auto [y, index] = kernel.size() == 2 ? at::max_pool2d_with_indices(x, kernel, stride, none, dilation, false)
                                         : at::max_pool3d_with_indices(x, kernel, stride, none, dilation, false);
    context.outputs[0] = owned(context, line ? y.squeeze(2) : y);
    if (context.outputs.size() < 2) return;
    const bool columnMajor = context.node.integer("storage_order", 0) != 0;
    context.outputs[1] = owned(context, placesInTensor(line ? index.squeeze(2) : index, windows, padded.sizes(), given.sizes(), columnMajor), 1);
}

void averagePoolOfPlaces(KernelContext& context) {
    const graph::Windows windows = graph::windowsOf(context.node, {});
    const at::Tensor x = wide(context.inputs[0]);
    const at::IntArrayRef out = context.outputTypes[0]->shape;
    context.outputs[0] = owned(context, windowSums(x, windows, out) / windowCounts(context, x, windows, out));
}

std::vector<Kernel> windowKernels() {
    return {{operatorNamed("ConvTranspose"), made<transposed>, nullptr},
            {operatorNamed("LpPool"), made<powers>, nullptr},
            {operatorNamed("GlobalMaxPool"), made<largestOfAll>, nullptr}};
}

}  // namespace headroom::run
