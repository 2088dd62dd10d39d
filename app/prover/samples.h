// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <vector>

#include "prover/opened_model.h"

namespace headroom::prover {

/// Samples for every input of a model, and how to cut batches out of them.
class Samples {
public:
    /// From a safetensors file: a tensor for each input by its name, or, of one input alone, the one that is there; the first
    /// dimension counts samples. Throws DAT-05 where they do not suit, and what reading the file throws.
    static Samples read(const OpenedModel& model, const std::filesystem::path& file);

    std::int64_t count() const { return m_count; }
    /// Sets the inputs to samples [first, first + count).
    void feed(ov::InferRequest& inference, std::int64_t first, std::int64_t count);
    /// `count` of these, from the first on again where they do not suffice.
    Samples repeated(std::int64_t count) const;

private:
    struct Input {
        std::string name;
        ov::element::Type type;
        ov::Shape shape;
        std::vector<std::byte> bytes;
    };
    std::vector<Input> m_inputs;
    std::int64_t m_count = 0;
};

}  // namespace headroom::prover
