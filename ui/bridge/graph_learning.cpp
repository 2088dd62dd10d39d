// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/graph_learning.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/errors/error.h"
#include "base/plan/bare_net.h"

namespace headroom::ui {
namespace {

using graph::kNone;
using graph::ValueId;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// Finds the net's parameters of a picture's nodes.
class Finder {
public:
    explicit Finder(const graph::Graph& net) : m_net(net) {
        for (const graph::Node& each : net.nodes()) m_nodes.emplace(each.name, &each);
    }

    std::vector<ValueId> of(const SceneNode& node) const {
        std::vector<ValueId> found;
        if (node.id == kNone) return found;
        const graph::Node& own = node.graph->node(node.id);
        bool isReplaced = false;
        for (const ValueId id : own.inputs) {
            if (id == kNone || node.graph->value(id).kind != graph::ValueKind::Parameter) continue;
            const ValueId here = m_net.find(node.graph->value(id).name);
            isParameter(here) ? found.push_back(here) : void(isReplaced = true);
        }
        const auto inNet = isReplaced ? m_nodes.find(own.name) : m_nodes.end();
        if (inNet == m_nodes.end()) return found;
        for (const ValueId id : inNet->second->inputs)
            if (isParameter(id) && std::ranges::find(found, id) == found.end()) found.push_back(id);
        return found;
    }

private:
    bool isParameter(ValueId id) const { return id != kNone && m_net.value(id).kind == graph::ValueKind::Parameter; }

    const graph::Graph& m_net;
    std::unordered_map<std::string_view, const graph::Node*> m_nodes;
};

bool isWithin(const GraphScene& scene, int inner, int block) {
    while (inner > block) inner = scene.blocks[at(inner)].parent;  // a block stands behind its parent
    return inner == block;
}

std::vector<bool> chosenNodes(const GraphScene& scene, int node, int block) {
    std::vector<bool> chosen(scene.nodes.size(), false);
    for (int i = 0; i < static_cast<int>(scene.nodes.size()); ++i) chosen[at(i)] = node >= 0 ? i == node : isWithin(scene, scene.nodes[at(i)].block, std::max(0, block));
    return chosen;
}

models::ParameterNames namesOf(const GraphScene& scene, const graph::Graph& net, const std::vector<bool>& nodes) {
    const Finder finder(net);
    models::ParameterNames names;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i])
            for (const ValueId id : finder.of(scene.nodes[i])) names.insert(net.value(id).name);
    return names;
}

}  // namespace

GraphScenePtr withLearning(const GraphScene& scene, const graph::Graph& net) {
    auto made = std::make_shared<GraphScene>(scene);
    const Finder finder(net);
    for (SceneNode& node : made->nodes) {
        for (const ValueId id : finder.of(node)) {
            node.learning = together(node.learning, net.value(id).frozen ? Learning::Frozen : Learning::Trained);
            node.isUpdated = node.isUpdated || net.find(models::loraNameOfA(net.value(id).name)) != kNone;
        }
        for (int index = node.block; index >= 0; index = made->blocks[at(index)].parent) {
            SceneBlock& block = made->blocks[at(index)];
            block.learning = together(block.learning, node.learning);
            block.isUpdated = block.isUpdated || node.isUpdated;
        }
    }
    return made;
}

models::ParameterNames parametersOf(const GraphScene& scene, const graph::Graph& net, int node, int block) {
    if (node >= 0 || block > 0) return namesOf(scene, net, chosenNodes(scene, node, block));
    models::ParameterNames names;
    for (const ValueId id : net.parameters()) names.insert(net.value(id).name);
    return names;
}

models::ParameterNames parametersBefore(const GraphScene& scene, const graph::Graph& net, int node, int block) {
    if (node < 0 && block <= 0) return {};
    std::vector<bool> before = chosenNodes(scene, node, block);
    std::vector<std::vector<int>> sources(scene.nodes.size());
    for (const auto& [from, to] : scene.edges) sources[at(to)].push_back(from);
    std::vector<int> open;
    for (int i = 0; i < static_cast<int>(before.size()); ++i)
        if (before[at(i)]) open.push_back(i);
    while (!open.empty()) {
        const int next = open.back();
        open.pop_back();
        for (const int source : sources[at(next)])
            if (!before[at(source)]) before[at(source)] = true, open.push_back(source);
    }
    models::ParameterNames names = namesOf(scene, net, before);
    for (const std::string& own : parametersOf(scene, net, node, block)) names.erase(own);
    return names;
}

models::ParameterNames unseenHead(const GraphScene& scene, const graph::Graph& net) {
    models::ParameterNames head;
    for (const ValueId id : net.parameters())
        if (models::isNewHead(net.value(id).name)) head.insert(net.value(id).name);
    if (!head.empty())
        for (const std::string& seen : namesOf(scene, net, std::vector<bool>(scene.nodes.size(), true))) head.erase(seen);
    return head;
}

ParameterCount countOf(const graph::Graph& net) {
    ParameterCount count;
    for (const ValueId id : net.parameters()) {
        const qint64 elements = graph::elementCount(graph::resolved(net.value(id).type.shape, {}));
        count.all += elements;
        if (!net.value(id).frozen) count.trained += elements;
    }
    return count;
}

ChosenTraining withChoice(const config::RunConfig& config, const graph::Graph& net, TrainingChoice choice, const models::ParameterNames& parameters) {
    ChosenTraining chosen{config, {}};
    try {
        plan::setTrained(chosen.config, choice(net, plan::trainedOf(config), parameters));
    } catch (const Error& error) {  // a file's own names may be those of an update
        chosen.refusal = QString::fromStdString(error.failures().front().sentence());
    }
    return chosen;
}

}  // namespace headroom::ui
