// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/indexing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

using Names = std::span<const std::string_view>;
constexpr auto kAxis = std::to_array<std::string_view>({"axis"});
constexpr auto kAxisReduction = std::to_array<std::string_view>({"axis", "reduction"});
constexpr auto kReduction = std::to_array<std::string_view>({"reduction"});
constexpr auto kBatchDims = std::to_array<std::string_view>({"batch_dims"});
constexpr auto kTopK = std::to_array<std::string_view>({"axis", "largest", "sorted"});
constexpr auto kReductions = std::to_array<std::string_view>({"none", "add", "mul", "max", "min"});
constexpr std::array kSecond{1};

std::vector<TensorType> inferGatherElements(const NodeView& view) {
    const Shape& data = inputShape(view, 0);
    requireInteger(view, 1);
    axisWithin(view.node.integer("axis", 0), data.size());
    return {{view.inputs[0]->dtype, inputShape(view, 1, static_cast<int>(data.size()))}};
}

void requireReduction(const NodeView& view) {
    const std::string reduction = view.node.text("reduction", "none");
    if (std::ranges::count(kReductions, reduction) == 0)
        refuseNode("unknown reduction", reduction, fmt::format("{} allowed", fmt::join(kReductions, ", ")));
    requireInteger(view, 1);
    if (view.inputs[2]->dtype != view.inputs[0]->dtype) refuseNode("the updates have another element type");
}

std::vector<TensorType> inferScatterElements(const NodeView& view) {
    requireReduction(view);
    axisWithin(view.node.integer("axis", 0), inputShape(view, 0).size());
    if (inputShape(view, 1, static_cast<int>(inputShape(view, 0).size())) != inputShape(view, 2))
        refuseNode("indices and updates differ in shape", toString(inputShape(view, 1)), toString(inputShape(view, 2)));
    return sameAsInput(view);
}

/// How many dimensions of the data an index of an N-d gather or scatter names.
std::size_t namedDims(const NodeView& view, std::size_t batchDims) {
    const Shape &data = inputShape(view, 0), &indices = inputShape(view, 1);
    requireInteger(view, 1);
    if (indices.empty() || batchDims >= indices.size() || batchDims > data.size()) refuseNode("the indices have too few dimensions", toString(indices));
    const std::int64_t named = fixedExtent(view, 1, indices.size() - 1);
    if (named < 1 || named > static_cast<std::int64_t>(data.size() - batchDims)) refuseNode("an index names too many dimensions", fmt::format("{}", named));
    return static_cast<std::size_t>(named);
}

std::vector<TensorType> inferGatherNd(const NodeView& view) {
    const std::int64_t batch = view.node.integer("batch_dims", 0);
    if (batch < 0 || batch > 31) refuseNode("batch_dims is out of range", fmt::format("{}", batch));
    const std::size_t named = namedDims(view, static_cast<std::size_t>(batch));
    const Shape &data = inputShape(view, 0), &indices = inputShape(view, 1);
    Shape out(indices.begin(), indices.end() - 1);
    out.insert(out.end(), data.begin() + batch + static_cast<std::ptrdiff_t>(named), data.end());
    return {{view.inputs[0]->dtype, out}};
}

std::vector<TensorType> inferScatterNd(const NodeView& view) {
    requireReduction(view);
    const std::size_t named = namedDims(view, 0);
    const Shape &data = inputShape(view, 0), &indices = inputShape(view, 1);
    Shape updates(indices.begin(), indices.end() - 1);
    updates.insert(updates.end(), data.begin() + static_cast<std::ptrdiff_t>(named), data.end());
    if (inputShape(view, 2) != updates) refuseNode("the updates have another shape", toString(inputShape(view, 2)), toString(updates));
    return sameAsInput(view);
}

std::vector<TensorType> inferTopK(const NodeView& view) {
    Shape shape = inputShape(view, 0);
    const std::size_t axis = axisWithin(view.node.integer("axis", -1), shape.size());
    const std::vector<std::int64_t>& k = numbersOf(view, 1);
    if (k.size() != 1 || k[0] < 0 || k[0] > fixedExtent(view, 0, axis)) refuseNode("k is out of range");
    shape[axis] = Dim::fixed(k[0]);
    return {{view.inputs[0]->dtype, shape}, {DType::I64, shape}};
}

constexpr OpEntry indexed(std::string_view name, int since, int inputs, Names attributes, std::vector<TensorType> (*infer)(const NodeView&)) {
    return {.name = name, .sinceOpset = since, .minInputs = inputs, .maxInputs = inputs, .attributes = attributes, .infer = infer,
            .saves = savesInputs, .workspace = segmentWorkspace, .cost = oneFlop};
}
constexpr OpEntry topK() {
    OpEntry entry = indexed("TopK", 11, 2, kTopK, inferTopK);
    entry.outputs = 2;
    entry.constantInputs = kSecond;
    return entry;
}

constinit const std::array kOps{indexed("GatherElements", 13, 2, kAxis, inferGatherElements), indexed("GatherND", 13, 2, kBatchDims, inferGatherNd),
                                indexed("ScatterElements", 18, 3, kAxisReduction, inferScatterElements),
                                indexed("ScatterND", 18, 3, kReduction, inferScatterNd), topK()};

}  // namespace

std::span<const OpEntry> indexingOps() { return kOps; }

}  // namespace headroom::graph
