// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <string_view>

/// The words of a graph's document, for its writer and its reader.
namespace headroom::graph {

constexpr std::string_view kGraphFormat = "headroom-graph";
constexpr int kGraphVersion = 1;

/// In the order of ValueKind; activations are not written, their nodes make them.
constexpr std::array<std::string_view, 4> kValueWords{"input", "parameter", "buffer", "constant"};
/// In the order of Initializer::Kind.
constexpr std::array<std::string_view, 7> kInitializerWords{"zeros", "ones", "normal", "uniform", "kaiming_uniform", "kaiming_normal", "constant"};
/// In the order of Attribute's alternatives.
constexpr std::array<std::string_view, 6> kAttributeWords{"integer", "real", "text", "integers", "reals", "texts"};

}  // namespace headroom::graph
