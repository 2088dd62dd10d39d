// SPDX-License-Identifier: Apache-2.0
#include "base/models/wanted_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>

namespace headroom::models {
namespace {

using graph::Dim;
using graph::Shape;

bool isChannels(const Dim& dim) { return dim.extent == 1 || dim.extent == 3; }
std::int64_t orAny(const Dim& dim) { return std::max<std::int64_t>(dim.extent, 0); }

/// The side of a square of so many pixels; 0 where they make none.
std::int64_t sideOf(std::int64_t pixels) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(pixels))));
    return side * side == pixels ? side : 0;
}

/// [batch, ...] as rows of bytes of one brightness or three colours.
WantedPictures squaresOf(const Shape& form) {
    std::int64_t count = 1;
    for (const Dim& dim : form | std::views::drop(1)) count *= orAny(dim);
    for (const std::int64_t channels : {1, 3})
        if (const std::int64_t side = count > 0 && count % channels == 0 ? sideOf(count / channels) : 0; side > 0) return {channels, side, side};
    return {};
}

WantedPictures wantedBy(const graph::Graph& file) {
    const auto inputs = file.inputs();
    if (inputs.size() != 1) return {};
    const Shape& form = file.value(inputs.front()).type.shape;
    if (form.size() == 4 && isChannels(form[1])) return {form[1].extent, orAny(form[2]), orAny(form[3])};
    if (form.size() == 4 && isChannels(form[3])) return {form[3].extent, orAny(form[1]), orAny(form[2])};
    if (form.size() == 4) return {0, orAny(form[2]), orAny(form[3])};
    return squaresOf(form);
}

}  // namespace

WantedPictures wantedPictures(std::int64_t side, std::string_view architecture, const graph::Graph* file) {
    constexpr std::array<std::string_view, 4> kSmall{"mlp", "tabular_resnet", "cnn", "resnet20"};
    WantedPictures wanted = file ? wantedBy(*file) : WantedPictures{};
    if (!file && std::ranges::find(kSmall, architecture) != kSmall.end()) wanted.usualSide = 64;
    if (side > 0) wanted.height = wanted.width = side;
    if (wanted.height == 0 || wanted.width == 0) wanted.height = wanted.width = std::max(wanted.height, wanted.width);
    return wanted;
}

}  // namespace headroom::models
