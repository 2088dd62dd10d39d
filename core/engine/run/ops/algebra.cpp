// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/algebra.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/stack.h>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;

at::Tensor einsum(C context) {
    const at::ScalarType type = wideType(productType(context.inputs[0]));
    std::vector<at::Tensor> operands;
    for (T input : context.inputs) operands.push_back(as(input, type));
    return at::einsum(context.node.text("equation", ""), operands);
}

/// Pairs (a, b) of the first dimensions of each head turned by their position's angle (arXiv 2104.09864): a cos - b sin,
/// a sin + b cos. Pairs are halves of the turned part, or neighbours where interleaved.
at::Tensor rotated(C context) {
    const at::Tensor given = wide(context.inputs[0]);
    const std::int64_t heads = context.node.integer("num_heads", 0);
    const at::Tensor x = given.dim() == 4 ? given.transpose(1, 2) : given.reshape({given.size(0), given.size(1), heads, -1});
    at::Tensor cosine = as(context.inputs[1], x.scalar_type()), sine = as(context.inputs[2], x.scalar_type());
    if (isPresent(context, 3)) {
        const at::Tensor places = context.inputs[3].to(at::kLong);
        std::vector<std::int64_t> shape = places.sizes().vec();
        shape.push_back(cosine.size(-1));
        cosine = cosine.index_select(0, places.reshape({-1})).reshape(shape);
        sine = sine.index_select(0, places.reshape({-1})).reshape(shape);
    }
    const std::int64_t pairs = cosine.size(-1), width = x.size(-1);
    cosine = cosine.unsqueeze(2);
    sine = sine.unsqueeze(2);
    const bool interleaved = context.node.integer("interleaved", 0) != 0;
    const at::Tensor turned = x.narrow(3, 0, 2 * pairs);
    const at::Tensor a = interleaved ? turned.slice(3, 0, 2 * pairs, 2) : turned.narrow(3, 0, pairs);
    const at::Tensor b = interleaved ? turned.slice(3, 1, 2 * pairs, 2) : turned.narrow(3, pairs, pairs);
    const at::Tensor real = a * cosine - b * sine, imaginary = a * sine + b * cosine;
    const at::Tensor result = interleaved ? at::stack({real, imaginary}, -1).reshape(turned.sizes()) : at::cat({real, imaginary}, -1);
    const at::Tensor whole = at::cat({result, x.narrow(3, 2 * pairs, width - 2 * pairs)}, -1);
    return given.dim() == 4 ? whole.transpose(1, 2) : whole.reshape(given.sizes());
}

}  // namespace

std::vector<Kernel> algebraKernels() {
    return {{operatorNamed("Einsum"), made<einsum>, nullptr}, {operatorNamed("RotaryEmbedding"), made<rotated>, nullptr}};
}

}  // namespace headroom::run
