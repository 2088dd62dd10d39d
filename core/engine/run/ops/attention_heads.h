// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace headroom::run {

struct HeadShape {
    std::int64_t batch, heads, queries, keys, width;
    float scale;
    bool causal;
    std::int64_t past = 0;  ///< of the keys, those of the cache
};

/// A cache before the new keys and values, [b, past, heads * width] each; undefined where there is none.
struct PastHeads {
    at::Tensor keys, values;
};

/// Attention on the CPU, a head at a time on each thread: the scores of one head stay in the cache. Products in fp32.
/// q, k, v: [b, t, heads * width], rows may lie apart (views of a joint tensor). y: [b, t, heads * width]. probabilities:
/// [b, heads, queries, keys], or undefined where they need not be kept. A causal query sees the whole past.
void attendByHead(const HeadShape& shape, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const at::Tensor& y, const at::Tensor& probabilities, const PastHeads& past = {});
/// gradients: of q, k, v, contiguous.
void attendByHeadBackward(const HeadShape& shape, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const at::Tensor& probabilities, const at::Tensor& dy, const std::array<at::Tensor, 3>& gradients);

}  // namespace headroom::run
