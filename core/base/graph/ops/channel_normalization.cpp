// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/channel_normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Names = std::span<const std::string_view>;
constexpr auto kEpsilon = std::to_array<std::string_view>({"epsilon"});
constexpr auto kGroup = std::to_array<std::string_view>({"epsilon", "num_groups", "stash_type"});
constexpr auto kResponse = std::to_array<std::string_view>({"alpha", "beta", "bias", "size"});
constexpr auto kAxisP = std::to_array<std::string_view>({"axis", "p"});
constexpr auto kAxes = std::to_array<std::string_view>({"axes"});
constexpr auto kAxisEpsilon = std::to_array<std::string_view>({"axis", "epsilon", "stash_type"});

void requirePicture(const NodeView& view) {
    if (inputShape(view, 0).size() < 2) refuseNode("input 0 has too few dimensions", toString(inputShape(view, 0)), "at least 2 needed");
}

std::vector<TensorType> inferInstance(const NodeView& view) {
    requirePicture(view);
    for (std::size_t i = 1; i < 3; ++i) requireVector(view, i, fixedExtent(view, 0, 1));
    return sameAsInput(view);
}

std::vector<TensorType> inferGroup(const NodeView& view) {
    const std::int64_t groups = view.node.integer("num_groups", 0);
    requirePicture(view);
    if (groups < 1 || fixedExtent(view, 0, 1) % groups != 0) refuseNode("the channels do not divide into groups", fmt::format("{}", groups));
    return inferInstance(view);
}

std::vector<TensorType> inferResponse(const NodeView& view) {
    const std::int64_t size = view.node.integer("size", 0);
    requirePicture(view);
    if (size < 1 || size > 65536) refuseNode("the size is out of range", fmt::format("{}", size));
    return sameAsInput(view);
}

std::vector<TensorType> inferLp(const NodeView& view) {
    const std::int64_t p = view.node.integer("p", 2);
    if (p != 1 && p != 2) refuseNode("unknown norm", fmt::format("{}", p), "1 and 2 allowed");
    axisWithin(view.node.integer("axis", -1), inputShape(view, 0).size());
    return sameAsInput(view);
}

std::vector<TensorType> inferMeanVariance(const NodeView& view) {
    axesWithin(view.node.integers("axes", {0, 2, 3}), inputShape(view, 0).size());
    return sameAsInput(view);
}

std::vector<TensorType> inferRms(const NodeView& view) {
    axisWithin(view.node.integer("axis", -1), inputShape(view, 0).size());
    if (broadcast(inputShape(view, 0), inputShape(view, 1)) != inputShape(view, 0)) refuseNode("the scale does not fit", toString(inputShape(view, 1)));
    return sameAsInput(view);
}

std::vector<ChannelLink> channels(const NodeView& view) {
    std::vector<ChannelLink> links{sameChannels(0, 1, 0, 1)};
    for (int i = 1; i < static_cast<int>(view.inputs.size()); ++i) links.push_back(sameChannels(i, 0, 0, 1));
    return links;
}
std::vector<ChannelLink> groupChannels(const NodeView& view) {
    std::vector<ChannelLink> links = channels(view);
    links.front() = {ChannelLink::Kind::Splits, 0, 1, 0, 1, view.node.integer("num_groups", 1)};
    return links;
}
std::vector<ChannelLink> rmsChannels(const NodeView& view) {
    const int last = static_cast<int>(inputShape(view, 0).size()) - 1;
    return {sameChannels(0, last, 0, last), sameChannels(1, static_cast<int>(inputShape(view, 1).size()) - 1, 0, last)};
}

constexpr OpEntry norm(std::string_view name, int since, int inputs, Names attributes, std::vector<TensorType> (*infer)(const NodeView&),
                       std::vector<ChannelLink> (*links)(const NodeView&)) {
    return {.name = name, .sinceOpset = since, .minInputs = inputs, .maxInputs = inputs, .attributes = attributes, .infer = infer,
            .saves = savesInputs, .workspace = segmentWorkspace, .cost = tenFlops, .channels = links};
}

constinit const std::array kOps{
    norm("InstanceNormalization", 22, 3, kEpsilon, inferInstance, channels), norm("GroupNormalization", 21, 3, kGroup, inferGroup, groupChannels),
    norm("LRN", 13, 1, kResponse, inferResponse, sameDimensions), norm("LpNormalization", 22, 1, kAxisP, inferLp, sameDimensions),
    norm("MeanVarianceNormalization", 13, 1, kAxes, inferMeanVariance, sameDimensions), norm("RMSNormalization", 23, 2, kAxisEpsilon, inferRms, rmsChannels)};

}  // namespace

std::span<const OpEntry> channelNormalizationOps() { return kOps; }

}  // namespace headroom::graph
