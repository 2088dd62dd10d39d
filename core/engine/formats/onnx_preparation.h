// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "engine/formats/onnx_lowering.h"

namespace headroom::formats {

/// What a file does to raw samples before its net, with operators of the standard domain since opset 13.
struct OnnxPreparation {
    std::vector<graph::Value> inputs;  ///< of the file, in place of the net's: name and type count
    OnnxNodes nodes;                   ///< the last one makes the net's input
};

/// Bytes [batch, channels, height, width] of any height and width under the name "picture": made of the net's size as fitted() does it,
/// then (byte / 255 - mean) / deviation by channel.
struct PicturePreparation {
    std::int64_t height = 0, width = 0;
    std::vector<double> mean, deviation;  ///< of byte / 255
};
OnnxPreparation prepares(const PicturePreparation& pictures, const std::string& input);

/// Rows as two inputs: "numbers" [batch, columns of numbers] in fp32, where NaN is missing, and "categories" [batch, columns of
/// categories] in int64: places in the column's list, -1 where the cell is empty; other numbers are categories that the net does
/// not know. An input without columns is left out.
struct TablePreparation {
    struct Feature {
        enum class Kind { Number, Missing, Category } kind = Kind::Number;
        std::int64_t column = 0;  ///< among those of numbers or of categories
        std::int64_t code = 0;    ///< Category: the feature is 1 where the column holds it; kNever: it is never 1
    };
    static constexpr std::int64_t kNever = -2;

    std::vector<double> mean, deviation;  ///< by column of numbers; a missing number is the mean
    std::int64_t categories = 0;          ///< columns
    std::vector<Feature> features;        ///< as the net takes them
};
OnnxPreparation prepares(const TablePreparation& table, const std::string& input);

}  // namespace headroom::formats
