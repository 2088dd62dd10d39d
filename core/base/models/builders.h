// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/models/models.h"

namespace headroom::models {

/// 3 x (fully connected of 256, BatchNorm, ReLU), then the outputs. Pictures are flattened first.
graph::Graph buildMlp(const DataShape& data, const ModelOptions& options);
/// 2 x convolution 3x3 of 32, pool, 2 x of 64, pool, 128, outputs; convolutions without bias + BatchNorm + ReLU.
graph::Graph buildCnn(const DataShape& data, const ModelOptions& options);
/// He et al., arXiv 1512.03385, section 4.2: 3 stages of 3 blocks, 16 to 64 maps; 1x1 short cuts where the shape
/// changes.
graph::Graph buildResnet20(const DataShape& data, const ModelOptions& options);
/// buildGpt of the default size.
graph::Graph buildGptMini(const DataShape& data, const ModelOptions& options);

/// The input of pictures or of a table, named "input".
graph::ValueId addInput(graph::Graph& graph, const DataShape& data);

}  // namespace headroom::models
