// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/models/layers.h"

namespace headroom::models {

using Activation = graph::ValueId (LayerBuilder::*)(const std::string&, graph::ValueId);

/// Convolution `<path>/0` of the same width, norm `<path>/1`, activation (none: null): torchvision's Conv2dNormActivation.
struct ConvolutionUnit {
    Convolution convolution{};
    BatchNorm norm{};
    Activation activation = nullptr;
};
graph::ValueId convolutionUnit(LayerBuilder& layers, const std::string& path, graph::ValueId x, std::int64_t maps,
                               const ConvolutionUnit& unit);

/// Scales of the channels from their means (arXiv 1709.01507): two 1x1 convolutions `fc1` and `fc2`.
struct SqueezeExcitation {
    std::int64_t maps = 0;  ///< between the two; 0: the block has none
    Activation activation = nullptr;
    std::string_view gate = "Sigmoid";
};

/// 1x1 to `expanded` maps, depthwise, [squeeze and excitation], 1x1 to `maps` without activation; what came is added where
/// the shape stays (arXiv 1801.04381).
struct InvertedResidual {
    std::string list;  ///< the block's name for its list of layers: "block", "conv"
    std::int64_t expanded = 0, kernel = 3, stride = 1, maps = 0;
    Activation activation = nullptr;
    BatchNorm norm{};
    SqueezeExcitation squeeze{};
    bool flatEnd = false;  ///< the last convolution and its norm stand in the list itself (MobileNetV2)
};
graph::ValueId invertedResidual(LayerBuilder& layers, graph::ValueId x, const InvertedResidual& block);

/// Strides of a stem are made for pictures of ImageNet's size. Up to this side, both ways, the first one is left out.
constexpr std::int64_t kSmallPicture = 64;
bool isSmall(const DataShape& data);

}  // namespace headroom::models
