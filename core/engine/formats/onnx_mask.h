// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>

#include "engine/formats/onnx_recognition.h"

namespace headroom::formats {

/// Which keys a mask lets a query see.
enum class MaskKind {
    All,
    Causal  ///< its own and those before it
};

/// What such numbers and below hide where they are added to scores, or stand in their place.
constexpr double kHides = -1e4;

/// The kind of a mask [.., queries, keys] that follows from the places alone - tables, counted places, triangles, comparisons. It is
/// found by computing its elements: of the whole table where it is cut out of one, of short sequences where it has no other whole
/// numbers than -1, 0 and 1. A truth value lets see, or hides (`hides`); a number is 0, or hides from -10,000 down. `past`: keys before
/// that of the first query.
std::optional<MaskKind> maskKind(const Composed& net, graph::ValueId mask, bool hides, std::int64_t past = 0);

/// Layers often have the same mask: it is computed once.
std::shared_ptr<MaskMemory> maskMemory();

}  // namespace headroom::formats
