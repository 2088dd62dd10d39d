// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/arrangement.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <numbers>

#include "base/graph/ops/embedding.h"
#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using Numbers = std::vector<std::int64_t>;

const Numbers& outputShape(C context) { return context.outputTypes[0]->shape; }
at::TensorOptions here(T tensor) { return at::TensorOptions().device(tensor.device()); }
/// Where there is no tensor to ask: constants are on the processor, as are the few numbers made of them.
at::TensorOptions plain(at::ScalarType type) { return at::TensorOptions().dtype(type); }

at::Tensor joined(C context) {
    std::vector<at::Tensor> parts;
    for (T input : context.inputs) parts.push_back(as(input, outputType(context)));
    return at::cat(parts, context.node.integer("axis", 0));
}

void joinedBackward(KernelContext& context) {
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", 0), outputShape(context).size()));
    std::int64_t from = 0;
    for (std::size_t i = 0; i < context.wantsGradient.size(); ++i) {
        const std::int64_t extent = inputShape(context, i)[static_cast<std::size_t>(axis)];
        if (context.wantsGradient[i]) {
            const at::Tensor part = context.outputGradients[0].narrow(axis, from, extent);
            at::Tensor own = tensor::emptyInLayout(part.sizes(), part.scalar_type(), part.device());
            context.inputGradients[i] = own.copy_(part);
        }
        from += extent;
    }
}

/// The same elements in the input's shape.
void sameBackward(KernelContext& context) {
    const at::Tensor same = context.outputGradients[0].reshape(inputShape(context));
    at::Tensor own = tensor::emptyInLayout(same.sizes(), same.scalar_type(), same.device());
    context.inputGradients[0] = own.copy_(same);
}

at::Tensor sliced(C context) {
    at::Tensor x = context.inputs[0];
    for (const graph::Range& range : graph::rangesOf(viewOf(context), context.inputTypes[0]->shape)) {
        const auto axis = static_cast<std::int64_t>(range.axis);
        if (range.count == 0) {
            x = x.narrow(axis, 0, 0);
        } else if (range.step > 0) {
            x = x.slice(axis, range.start, range.start + (range.count - 1) * range.step + 1, range.step);
        } else {
            const std::int64_t last = range.start + (range.count - 1) * range.step;
            x = x.slice(axis, last, range.start + 1, -range.step).flip(axis);
        }
    }
    return x;
}

/// The place that each element of a padded dimension comes from.
at::Tensor places(std::int64_t extent, const graph::Padding& padding, const std::string& mode, T like) {
    const at::Tensor at = at::arange(-padding.begin, extent + padding.end, here(like).dtype(at::kLong));
    if (mode == "edge") return at.clamp(0, extent - 1);
    if (mode == "wrap") return at.remainder(extent);
    const at::Tensor mirrored = at.abs();
    return extent == 1 ? mirrored : at::where(mirrored >= extent, 2 * (extent - 1) - mirrored, mirrored);
}

at::Tensor padded(C context) {
    const std::string mode = context.node.text("mode", "constant");
    at::Tensor x = context.inputs[0];
    Numbers around(2 * context.inputTypes[0]->shape.size(), 0);
    for (const graph::Padding& each : graph::paddingOf(viewOf(context))) {
        const std::size_t fromBack = context.inputTypes[0]->shape.size() - 1 - each.axis;
        around[2 * fromBack] = each.begin;
        around[2 * fromBack + 1] = each.end;
        const auto axis = static_cast<std::int64_t>(each.axis);
        if (mode != "constant" && (each.begin != 0 || each.end != 0)) x = x.index_select(axis, places(x.size(axis), each, mode, x));
    }
    if (mode != "constant") return x;
    const double value = isPresent(context, 2) ? context.inputs[2].to(at::kDouble).item<double>() : 0;
    return at::constant_pad_nd(x, around, value);
}

at::Tensor tiled(C context) {
    const Numbers repeats = graph::numbersOf(viewOf(context), 1);
    return context.inputs[0].repeat(repeats);
}

/// [n, c, h, w] with blocks of the depth put beside each other; CRD: the depth counts channels first.
at::Tensor depthToSpace(C context) {
    const at::Tensor x = context.inputs[0].contiguous();
    const std::int64_t b = context.node.integer("blocksize", 1), n = x.size(0), c = x.size(1) / (b * b), h = x.size(2), w = x.size(3);
    if (context.node.text("mode", "DCR") == "CRD") return x.reshape({n, c, b, b, h, w}).permute({0, 1, 4, 2, 5, 3}).reshape(outputShape(context));
    return x.reshape({n, b, b, c, h, w}).permute({0, 3, 4, 1, 5, 2}).reshape(outputShape(context));
}

at::Tensor spaceToDepth(C context) {
    const at::Tensor x = context.inputs[0].contiguous();
    const std::int64_t b = context.node.integer("blocksize", 1), n = x.size(0), c = x.size(1), h = x.size(2) / b, w = x.size(3) / b;
    return x.reshape({n, c, h, b, w, b}).permute({0, 3, 5, 1, 2, 4}).reshape(outputShape(context));
}

at::Tensor triangle(C context) {
    const graph::NodeView view = viewOf(context);
    const std::int64_t k = graph::hasInput(view, 1) ? graph::numbersOf(view, 1)[0] : 0;
    const at::Tensor& x = context.inputs[0];
    if (x.numel() == 0) return x;
    return context.node.integer("upper", 1) != 0 ? x.triu(k) : x.tril(k);
}

/// Each sequence backwards up to its own length.
at::Tensor reversed(C context) {
    const bool timeFirst = context.node.integer("batch_axis", 1) == 1;
    const at::Tensor x = timeFirst ? context.inputs[0].transpose(0, 1) : context.inputs[0];
    const at::Tensor lengths = context.inputs[1].to(at::kLong).unsqueeze(1), steps = at::arange(x.size(1), here(x).dtype(at::kLong)).unsqueeze(0);
    at::Tensor from = at::where(steps < lengths, lengths - 1 - steps, steps.expand({x.size(0), x.size(1)}));
    for (std::int64_t dim = 2; dim < x.dim(); ++dim) from = from.unsqueeze(-1);
    const at::Tensor result = x.gather(1, from.expand_as(x));
    return timeFirst ? result.transpose(0, 1) : result;
}

at::Tensor converted(C context) {
    const at::Tensor& x = context.inputs[0];
    return outputType(context) == at::kBool ? wide(x).ne(0) : as(x, outputType(context));
}

at::Tensor numbers(const Numbers& content) { return at::tensor(at::IntArrayRef(content), plain(at::kLong)); }

at::Tensor extents(C context) {
    const Numbers& shape = context.inputTypes[0]->shape;
    const auto rank = static_cast<std::int64_t>(shape.size());
    const std::int64_t start = context.node.integer("start", 0);
    const std::int64_t from = std::clamp(start < 0 ? start + rank : start, std::int64_t{0}, rank);
    return numbers({shape.begin() + from, shape.begin() + from + outputShape(context)[0]});
}

at::Tensor identityMatrix(C context) {
    const std::int64_t rows = outputShape(context)[0], columns = outputShape(context)[1], k = context.node.integer("k", 0);
    const at::Tensor row = at::arange(rows, plain(at::kLong)).unsqueeze(1), column = at::arange(columns, plain(at::kLong)).unsqueeze(0);
    return (column - row).eq(k);
}

at::Tensor filled(C context) {
    const auto real = context.node.attributes.find("value");
    double value = 0;
    if (real != context.node.attributes.end()) {
        const auto* whole = std::get_if<std::int64_t>(&real->second);
        value = whole ? static_cast<double>(*whole) : std::get<double>(real->second);
    }
    return at::full(outputShape(context), value, plain(at::kDouble));
}

/// values[1] where the class is, values[0] elsewhere; classes below 0 count from the end, others beyond give no one.
at::Tensor oneHot(C context) {
    const auto axis = static_cast<std::int64_t>(graph::axisWithin(context.node.integer("axis", -1), outputShape(context).size()));
    const std::int64_t depth = outputShape(context)[static_cast<std::size_t>(axis)];
    const at::Tensor given = context.inputs[0].to(at::kLong), classes = at::where(given < 0, given + depth, given).unsqueeze(axis);
    Numbers shape(outputShape(context).size(), 1);
    shape[static_cast<std::size_t>(axis)] = depth;
    const at::Tensor hit = classes.eq(at::arange(depth, here(given).dtype(at::kLong)).view(shape));
    return at::where(hit, context.inputs[2].select(0, 1), context.inputs[2].select(0, 0));
}

at::Tensor range(C context) {
    const graph::NodeView view = viewOf(context);
    const at::Tensor step = at::arange(outputShape(context)[0], plain(at::isFloatingType(outputType(context)) ? at::kDouble : at::kLong));
    if (!at::isFloatingType(outputType(context))) return step * graph::numbersOf(view, 2)[0] + graph::numbersOf(view, 0)[0];
    return step * graph::realsOf(view, 2)[0] + graph::realsOf(view, 0)[0];
}

at::Tensor placesAlong(C context) { return at::arange(outputShape(context)[0], here(context.inputs[0]).dtype(at::kLong)); }

/// a0 - a1 cos(2 pi k / n) + a2 cos(4 pi k / n), n the size, or one less where the window is symmetric.
template <double a0, double a1, double a2>
at::Tensor window(C context) {
    const std::int64_t size = outputShape(context)[0];
    const double n = static_cast<double>(context.node.integer("periodic", 1) != 0 ? size : size - 1);
    const at::Tensor angle = at::arange(size, plain(at::kDouble)) * (2 * std::numbers::pi / n);
    return a0 - a1 * angle.cos() + a2 * (2 * angle).cos();
}

Kernel row(std::string_view name, void (*forward)(KernelContext&), void (*backward)(KernelContext&) = nullptr) {
    return {operatorNamed(name), forward, backward};
}

}  // namespace

std::vector<Kernel> arrangementKernels() {
    const auto same = made<[](C c) { return c.inputs[0].reshape(outputShape(c)); }>;
    return {row("Concat", made<joined>, joinedBackward),
            row("Slice", made<sliced>),
            row("Pad", made<padded>),
            row("Tile", made<tiled>),
            row("Expand", made<[](C c) { return c.inputs[0].expand(outputShape(c)); }>),
            row("Squeeze", same, sameBackward),
            row("Unsqueeze", same, sameBackward),
            row("DepthToSpace", made<depthToSpace>),
            row("SpaceToDepth", made<spaceToDepth>),
            row("Trilu", made<triangle>),
            row("ReverseSequence", made<reversed>),
            row("Identity", made<[](C c) { return c.inputs[0]; }>, sameBackward),
            row("Cast", made<converted>),
            row("Shape", made<extents>),
            row("Size", made<[](C c) { return numbers({graph::elementCount(c.inputTypes[0]->shape)}); }>),
            row("EyeLike", made<identityMatrix>),
            row("ConstantOfShape", made<filled>),
            row("OneHot", made<oneHot>),
            row("Range", made<range>),
            {&graph::kPlaces, made<placesAlong>, nullptr},
            row("HannWindow", made<window<0.5, 0.5, 0.0>>),
            row("HammingWindow", made<window<25.0 / 46, 1 - 25.0 / 46, 0.0>>),
            row("BlackmanWindow", made<window<0.42, 0.5, 0.08>>)};
}

}  // namespace headroom::run
