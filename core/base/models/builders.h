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
/// He et al., arXiv 1512.03385, table 1. Up to 64 pixels the stem is a 3x3 convolution without stride and pool.
graph::Graph buildResnet18(const DataShape& data, const ModelOptions& options);
graph::Graph buildResnet34(const DataShape& data, const ModelOptions& options);
graph::Graph buildResnet50(const DataShape& data, const ModelOptions& options);
/// Sandler et al., arXiv 1801.04381. Up to 64 pixels the stem has no stride.
graph::Graph buildMobilenetV2(const DataShape& data, const ModelOptions& options);
/// Howard et al., arXiv 1905.02244, table 2; stem as V2.
graph::Graph buildMobilenetV3Small(const DataShape& data, const ModelOptions& options);
/// Tan and Le, arXiv 1905.11946, without stochastic depth; stem as MobileNetV2.
graph::Graph buildEfficientnetB0(const DataShape& data, const ModelOptions& options);
/// Liu et al., arXiv 2201.03545, without stochastic depth. The stem's windows are 4x4, up to 64 pixels 2x2.
graph::Graph buildConvnextTiny(const DataShape& data, const ModelOptions& options);
/// Dosovitskiy et al., arXiv 2010.11929, in the sizes of Touvron et al., arXiv 2012.12877. Patches of 16 x 16 pixels, up
/// to 64 pixels 8 x 8, up to 32 pixels 4 x 4.
graph::Graph buildVitTiny(const DataShape& data, const ModelOptions& options);
graph::Graph buildVitSmall(const DataShape& data, const ModelOptions& options);
/// Ronneberger et al., arXiv 1505.04597, a quarter as wide, padded, with BatchNorm: logits of each pixel.
graph::Graph buildUnetSmall(const DataShape& data, const ModelOptions& options);
/// buildGpt of the default size.
graph::Graph buildGptMini(const DataShape& data, const ModelOptions& options);
/// GPT-2 (Radford et al. 2019) of 124 million parameters where the options say nothing else.
graph::Graph buildGpt(const DataShape& data, const ModelOptions& options);
/// Embedding, layers of LSTM (Hochreiter and Schmidhuber 1997), one product; width and layers by the options.
graph::Graph buildLstm(const DataShape& data, const ModelOptions& options);
/// Gorishniy et al., arXiv 2106.11959: two blocks of 192, hidden 384.
graph::Graph buildTabularResnet(const DataShape& data, const ModelOptions& options);

/// What comes in: `tokens` of text, `input` of pictures or of a table.
graph::ValueId addInput(graph::Graph& graph, const DataShape& data);

}  // namespace headroom::models
