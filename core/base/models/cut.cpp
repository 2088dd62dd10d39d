// SPDX-License-Identifier: Apache-2.0
#include "base/models/cut.h"

#include <algorithm>
#include <ranges>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/normalization.h"
#include "base/graph/rewrites/copy.h"

namespace headroom::models {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::ValueId;
using graph::ValueKind;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Whether the node makes the same of the same input in every step.
bool isConstant(const Graph& net, const Node& node) {
    const auto isTrained = [&](ValueId id) { return id != kNone && net.value(id).isTrained(); };
    if (std::ranges::any_of(node.inputs, isTrained)) return false;
    if (node.op->identityInInference) return false;  // drawn at random
    // Without frozen parameters a batch norm follows the batch: see kFixBatchNorm.
    return node.op != &graph::kBatchNormalization || net.value(node.inputs[1]).frozen || net.value(node.inputs[2]).frozen;
}

/// By ValueId: made of the data, and the same in every epoch; the input itself included.
std::vector<bool> constantValues(const Graph& net) {
    std::vector<bool> constant(net.values().size(), false);
    for (const ValueId id : net.inputs()) constant[at(id)] = true;
    for (const Node& node : net.nodes()) {
        const bool readsOther = std::ranges::any_of(node.inputs, [&](ValueId id) {
            return id != kNone && net.value(id).kind == ValueKind::Activation && !constant[at(id)];
        });
        for (const ValueId id : node.outputs) constant[at(id)] = !readsOther && isConstant(net, node);
    }
    return constant;
}

/// Whether the logits can be made from `value` and weights alone.
bool separates(const Graph& net, ValueId value) {
    std::vector<bool> needed(net.values().size(), false);
    for (const ValueId id : net.outputs()) needed[at(id)] = true;
    for (const Node& node : net.nodes() | std::views::reverse) {
        if (std::ranges::none_of(node.outputs, [&](ValueId id) { return id != value && needed[at(id)]; })) continue;
        for (const ValueId id : node.inputs)
            if (id != kNone) needed[at(id)] = true;
    }
    return std::ranges::none_of(net.inputs(), [&](ValueId id) { return bool(needed[at(id)]); });
}

ValueId lastCut(const Graph& net) {
    const std::vector<bool> constant = constantValues(net);
    for (const Node& node : net.nodes() | std::views::reverse) {
        const ValueId id = node.outputs.front();
        const bool mayBe = node.outputs.size() == 1 && constant[at(id)] && net.value(id).type.dtype == graph::DType::F32;
        const graph::Shape& shape = net.value(id).type.shape;  // of a single number it is empty
        if (mayBe && !shape.empty() && shape.front() == graph::Dim::named("batch") && separates(net, id)) return id;
    }
    throw Error(Failure{Code::Cfg09, "train.cache_features", "nothing of the net is the same in every epoch", {}, {},
                        "Freeze its first part with train.freeze, or set train.cache_features to false."});
}

Graph behind(const Graph& net, ValueId value) {
    const graph::Value& input = net.value(net.inputs().front());
    graph::Copy copy(net, [&](ValueId id) { return net.value(id).kind != ValueKind::Input; });
    copy.put(value, copy.made().addInput(input.name, net.value(value).type));
    for (const Node& node : net.nodes()) {
        const bool isMade = std::ranges::all_of(node.inputs, [&](ValueId id) { return id == kNone || copy.of(id) != kNone; });
        if (isMade && node.outputs.front() != value) copy.node(node);
    }
    return graph::withoutIdle(copy.finished());
}

}  // namespace

Cut cutFrozen(const graph::Graph& net) {
    const ValueId value = lastCut(net);
    Graph before = net;
    before.setOutputs({value});
    return {graph::withoutIdle(before), behind(net, value)};
}

}  // namespace headroom::models
