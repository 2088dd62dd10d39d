// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/resampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kResize = std::to_array<std::string_view>({"antialias", "axes", "coordinate_transformation_mode", "cubic_coeff_a", "exclude_outside",
                                                          "extrapolation_value", "keep_aspect_ratio_policy", "mode", "nearest_mode"});
constexpr auto kGrid = std::to_array<std::string_view>({"align_corners", "mode", "padding_mode"});
constexpr auto kCorners = std::to_array<std::string_view>({"align_corners"});
constexpr auto kBlocks = std::to_array<std::string_view>({"dilations", "pads", "strides"});
constexpr auto kTransforms = std::to_array<std::string_view>(
    {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"});
constexpr std::array kResizeConstants{1, 2, 3};
constexpr std::array kSecond{1};
constexpr std::array kSecondAndThird{1, 2};

template <std::size_t N>
void requireOneOf(const Node& node, std::string_view attribute, std::string_view fallback, const std::array<std::string_view, N>& allowed) {
    const std::string found = node.text(attribute, fallback);
    if (std::ranges::count(allowed, found) == 0)
        refuseNode(fmt::format("unknown {}", attribute), found, fmt::format("{} allowed", fmt::join(allowed, ", ")));
}

std::vector<std::int64_t> extentsOf(const Shape& shape) {
    std::vector<std::int64_t> extents;
    for (const Dim& dim : shape) extents.push_back(dim.isFixed() ? dim.extent : -1);
    return extents;
}

std::vector<TensorType> inferResize(const NodeView& view) {
    requireOneOf(view.node, "mode", "nearest", std::to_array<std::string_view>({"nearest", "linear", "cubic"}));
    requireOneOf(view.node, "coordinate_transformation_mode", "half_pixel", kTransforms);
    requireOneOf(view.node, "nearest_mode", "round_prefer_floor", std::to_array<std::string_view>({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
    requireOneOf(view.node, "keep_aspect_ratio_policy", "stretch", std::to_array<std::string_view>({"stretch", "not_larger", "not_smaller"}));
    Shape shape = inputShape(view, 0);
    for (const ResizedDim& dim : resizedDims(view, extentsOf(shape))) shape[dim.axis] = Dim::fixed(dim.to);
    return {{view.inputs[0]->dtype, shape}};
}

/// x [batch, channels, places ...], grid [batch, new places ..., number of places].
std::vector<TensorType> inferGrid(const NodeView& view) {
    requireOneOf(view.node, "mode", "linear", std::to_array<std::string_view>({"linear", "nearest", "cubic"}));
    requireOneOf(view.node, "padding_mode", "zeros", std::to_array<std::string_view>({"zeros", "border", "reflection"}));
    const Shape& x = inputShape(view, 0);
    if (x.size() != 4 && x.size() != 5) refuseNode("pictures or volumes are needed", toString(x));
    if (x.size() == 5 && view.node.text("mode", "linear") == "cubic") refuseNode("volumes have no cubic mode");
    const Shape& grid = inputShape(view, 1, static_cast<int>(x.size()));
    if (grid[0] != x[0] || grid.back() != Dim::fixed(static_cast<std::int64_t>(x.size()) - 2)) refuseNode("the grid does not fit", toString(grid), toString(x));
    Shape out{x[0], x[1]};
    out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
    return {{view.inputs[0]->dtype, out}};
}

/// theta [batch, places, places + 1], size [batch, channels, places ...].
std::vector<TensorType> inferAffine(const NodeView& view) {
    const std::vector<std::int64_t>& size = numbersOf(view, 1);
    const auto places = static_cast<std::int64_t>(size.size()) - 2;
    const Shape& theta = inputShape(view, 0, 3);
    if ((places != 2 && places != 3) || theta[1] != Dim::fixed(places) || theta[2] != Dim::fixed(places + 1))
        refuseNode("theta and size do not fit together", toString(theta));
    Shape out{theta[0]};
    for (std::size_t i = 2; i < size.size(); ++i) {
        if (size[i] < 1 || size[i] > INT32_MAX) refuseNode("an extent is out of range", fmt::format("{}", size[i]));
        out.push_back(Dim::fixed(size[i]));
    }
    out.push_back(Dim::fixed(places));
    return {{view.inputs[0]->dtype, out}};
}

/// [batch, channels * block, blocks] back to [batch, channels, places ...].
std::vector<TensorType> inferBlocks(const NodeView& view) {
    const std::vector<std::int64_t>&image = numbersOf(view, 1), &block = numbersOf(view, 2);
    if (image.size() != block.size() || image.size() != 2) refuseNode("two extents each are needed", fmt::format("{}", image.size()));
    const std::int64_t rows = fixedExtent(view, 0, 1);
    if (block[0] < 1 || block[1] < 1 || block[0] > 65536 || block[1] > 65536) refuseNode("a block's extent is out of range", fmt::format("{}, {}", block[0], block[1]));
    const std::int64_t size = block[0] * block[1];
    if (rows % size != 0) refuseNode("the rows do not divide into blocks", fmt::format("{}", rows));
    for (const std::int64_t extent : image)
        if (extent < 1 || extent > INT32_MAX) refuseNode("an extent is out of range", fmt::format("{}", extent));
    return {{view.inputs[0]->dtype, {inputShape(view, 0, 3)[0], Dim::fixed(rows / size), Dim::fixed(image[0]), Dim::fixed(image[1])}}};
}

std::vector<ChannelLink> channels(const NodeView& view) {
    const bool turned = inputShape(view, 0).size() < 2;
    return turned ? std::vector<ChannelLink>{} : std::vector<ChannelLink>{sameChannels(0, 1, 0, 1)};
}

constexpr OpEntry samples(std::string_view name, int since, int least, int most, std::span<const std::string_view> attributes,
                          std::vector<TensorType> (*infer)(const NodeView&), std::span<const int> constants) {
    return {.name = name, .sinceOpset = since, .minInputs = least, .maxInputs = most, .attributes = attributes, .constantInputs = constants,
            .infer = infer, .saves = savesInputs, .workspace = segmentWorkspace, .cost = tenFlops};
}
constexpr OpEntry linked(OpEntry entry) {
    entry.channels = channels;
    return entry;
}

constinit const std::array kOps{linked(samples("Resize", 19, 1, 4, kResize, inferResize, kResizeConstants)),
                                linked(samples("GridSample", 22, 2, 2, kGrid, inferGrid, {})),
                                samples("AffineGrid", 20, 2, 2, kCorners, inferAffine, kSecond),
                                samples("Col2Im", 18, 3, 3, kBlocks, inferBlocks, kSecondAndThird)};

/// All scales are the one that fits inside (or around) the wanted sizes; extents are rounded half up.
void keepAspectRatio(std::vector<ResizedDim>& dims, bool larger) {
    double scale = larger ? 0 : INFINITY;
    for (const ResizedDim& dim : dims) {
        const double own = static_cast<double>(dim.to) / static_cast<double>(dim.from);
        scale = larger ? std::max(scale, own) : std::min(scale, own);
    }
    for (ResizedDim& dim : dims) {
        dim.scale = scale;
        dim.to = static_cast<std::int64_t>(std::floor(scale * static_cast<double>(dim.from) + 0.5));
    }
}

void setScales(std::vector<ResizedDim>& dims, const std::vector<double>& scales) {
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (!(scales[i] > 0 && scales[i] <= 1e6)) refuseNode("a scale is out of range", fmt::format("{}", scales[i]));
        dims[i].scale = scales[i];
        dims[i].to = static_cast<std::int64_t>(std::floor(scales[i] * static_cast<double>(dims[i].from)));
    }
}

void setSizes(std::vector<ResizedDim>& dims, const std::vector<std::int64_t>& sizes) {
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (sizes[i] < 1 || sizes[i] > INT32_MAX) refuseNode("an extent is out of range", fmt::format("{}", sizes[i]));
        dims[i].to = sizes[i];
        dims[i].scale = static_cast<double>(sizes[i]) / static_cast<double>(dims[i].from);
    }
}

bool holdsAny(const NodeView& view, std::size_t input) { return hasInput(view, input) && inputShape(view, input) != fixedShape({0}); }

}  // namespace

std::vector<ResizedDim> resizedDims(const NodeView& view, const std::vector<std::int64_t>& extents) {
    std::vector<std::int64_t> axes(extents.size());
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
    axes = view.node.integers("axes", axes);
    std::vector<ResizedDim> dims;
    for (const std::size_t axis : axesWithin(axes, extents.size())) dims.push_back({axis, std::max<std::int64_t>(1, extents[axis]), 0, 1});
    const bool scaled = holdsAny(view, 2);
    if (scaled == holdsAny(view, 3)) refuseNode("either scales or sizes are needed");
    if ((scaled ? realsOf(view, 2).size() : numbersOf(view, 3).size()) != dims.size()) refuseNode("one number an axis is needed");
    scaled ? setScales(dims, realsOf(view, 2)) : setSizes(dims, numbersOf(view, 3));
    const std::string policy = view.node.text("keep_aspect_ratio_policy", "stretch");
    if (!scaled && policy != "stretch") keepAspectRatio(dims, policy == "not_smaller");
    if (view.node.text("coordinate_transformation_mode", "") == "tf_crop_and_resize") {
        if (!hasInput(view, 1) || realsOf(view, 1).size() != 2 * dims.size()) refuseNode("the region needs two numbers an axis");
        const std::vector<double> roi = realsOf(view, 1);
        for (std::size_t i = 0; i < dims.size(); ++i) dims[i].roiStart = roi[i], dims[i].roiEnd = roi[i + dims.size()];
    }
    std::erase_if(dims, [&](const ResizedDim& dim) {
        if (extents[dim.axis] >= 0) return false;
        // A batch of one was named after the sizes were written: it keeps its extent.
        if (dim.scale != 1) refuseNode("a named dimension cannot be resized");
        return true;
    });
    return dims;
}

std::span<const OpEntry> resamplingOps() { return kOps; }

}  // namespace headroom::graph
