// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

#include "base/graph/graph.h"
#include "base/models/models.h"

namespace headroom::models {

enum class Head {
    Auto,  ///< the model's own where it gives as many numbers as the data has classes, else a new one
    Keep,
    New
};

/// Whether a parameter is of a head that took the place of the file's.
inline bool isNewHead(std::string_view parameter) { return parameter.starts_with("head."); }

struct Adaptation {
    std::string output;      ///< the value that is taken as the logits; empty = the model's only output
    Head head = Head::Auto;
};

/// The net of somebody else's graph for this data, as build() would make one: the input "input" or "tokens" in the data's own form
/// (brought into the model's by a Transpose or Reshape), up to the logits. A softmax at the end is left out, as the loss has its own;
/// so is what leads to other outputs. A new head takes the place of the last layer of weights, or stands behind an inner value that
/// was asked for: parameters "head.weight" and "head.bias". All other parameters keep their names.
/// Throws DAT-05 where the data does not go into the model, CFG-09 where the output or its head cannot be had.
graph::Graph adapted(const graph::Graph& file, const DataShape& data, const Adaptation& how = {});

}  // namespace headroom::models
