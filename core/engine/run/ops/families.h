// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cassert>
#include <string_view>
#include <vector>

#include "base/graph/ops/shapes.h"
#include "engine/run/kernel.h"
#include "engine/run/ops/support.h"

/// Operators by family: a table each, most of them functions of tensors that LibTorch's operators make up. Where a row has no
/// backward, the node is an autograd segment.
namespace headroom::run {

std::vector<Kernel> unaryKernels();
std::vector<Kernel> binaryKernels();
std::vector<Kernel> reductionKernels();
std::vector<Kernel> arrangementKernels();
std::vector<Kernel> indexingKernels();
std::vector<Kernel> channelNormalizationKernels();
std::vector<Kernel> windowKernels();
std::vector<Kernel> resamplingKernels();
std::vector<Kernel> recurrentKernels();
std::vector<Kernel> quantizationKernels();
std::vector<Kernel> criterionKernels();
std::vector<Kernel> algebraKernels();

inline const graph::OpEntry* operatorNamed(std::string_view name) {
    const graph::OpEntry* op = graph::findOp(name);
    assert(op && "a kernel of an operator that is not there");
    return op;
}

inline bool isPresent(const KernelContext& context, std::size_t input) { return input < context.inputs.size() && context.inputs[input].defined(); }
inline at::Tensor inputOr(const KernelContext& context, std::size_t input, const at::Tensor& fallback = {}) {
    return isPresent(context, input) ? context.inputs[input] : fallback;
}
/// The node with its constants, as shape inference sees it.
inline graph::NodeView viewOf(const KernelContext& context) { return graph::viewOf(*context.graph, context.node); }

/// The type to compute in: fp32 for the short floating types, int64 for the unsigned ones that LibTorch only stores (uint64 wraps).
inline at::ScalarType wideType(at::ScalarType type) {
    switch (type) {
        case at::kHalf:
        case at::kBFloat16: return at::kFloat;
        case at::kUInt16:
        case at::kUInt32:
        case at::kUInt64: return at::kLong;
        default: return type;
    }
}
inline at::Tensor wide(const at::Tensor& tensor) { return as(tensor, wideType(tensor.scalar_type())); }

/// `made` as output `k` has to be: in its type and layout, in memory of its own and of no more than its elements.
inline at::Tensor owned(const KernelContext& context, const at::Tensor& made, std::size_t k = 0) {
    const at::Tensor laid = tensor::inLayout(as(made.sizes() == at::IntArrayRef(context.outputTypes[k]->shape) ? made : made.reshape(context.outputTypes[k]->shape),
                                                outputType(context, k)));
    bool own = laid.storage().nbytes() == static_cast<std::size_t>(laid.numel()) * laid.element_size();
    for (const at::Tensor& input : context.inputs) own = own && !(input.defined() && input.is_alias_of(laid));
    if (own) return laid;
    at::Tensor copy = emptyLike(laid);
    return copy.copy_(laid);
}

/// A forward that is one function of the context.
template <auto F>
void made(KernelContext& context) {
    context.outputs[0] = owned(context, F(context));
}
/// Likewise of the context and input 0 in the type to compute in.
template <auto F>
void madeOf(KernelContext& context) {
    context.outputs[0] = owned(context, F(context, wide(context.inputs[0])));
}

}  // namespace headroom::run
