// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace headroom::data {

/// One micro-batch as the graph's inputs want it.
struct Samples {
    at::Tensor input;   ///< pictures [batch, channels, height, width] (NHWC in memory); rows [batch, features]; text [batch, context]
    at::Tensor target;  ///< classes [batch] int64; values [batch, 1] float; text [batch, context] int64; masks [batch, height, width] int64
};

/// What decides the random part of a sample, beside its number.
struct Draw {
    std::uint64_t seed = 0;
    std::int64_t epoch = 0;
    bool augment = false;  ///< training: augmentation, shifted windows
};

struct Placement {
    at::ScalarType input = at::kFloat;  ///< float or bfloat16; text is int64 whatever stands here
    bool pinned = false;                ///< page-locked memory, for copies to a GPU
};

/// One part of a dataset (training, validation), in memory but for the pictures of large folders. Constant after construction: any number of threads may ask.
class Source {
public:
    virtual ~Source() = default;
    virtual std::int64_t size() const = 0;
    /// Terms of the loss a sample brings: 1, for text the context length. 0: samples differ.
    virtual std::int64_t termsPerSample() const { return 1; }
    /// Of all these samples.
    virtual std::int64_t terms(std::span<const std::int64_t> samples, const Draw& /*draw*/) const { return std::ssize(samples) * termsPerSample(); }
    /// A pure function of its arguments. `samples` are numbers in [0, size()).
    virtual Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const = 0;
};

/// Uninitialised memory for a batch on the host, counted as such.
at::Tensor batchTensor(at::IntArrayRef shape, at::ScalarType type, const Placement& placement);

}  // namespace headroom::data
