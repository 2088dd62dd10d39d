// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/graph_learning.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/errors/error.h"
#include "base/models/adapted.h"
#include "base/plan/bare_net.h"

namespace headroom::ui {
namespace {

using graph::kNone;
using graph::ValueId;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

bool isParameter(const graph::Graph& net, ValueId id) { return id != kNone && net.value(id).kind == graph::ValueKind::Parameter; }

/// By the nodes of a scene, the net's parameters that each reads.
std::vector<std::vector<ValueId>> parametersByNode(const GraphScene& scene, const graph::Graph& net) {
    std::unordered_map<std::string_view, const graph::Node*> inNet;
    for (const graph::Node& each : net.nodes()) inNet.emplace(each.name, &each);
    std::vector<std::vector<ValueId>> all(scene.nodes.size());
    for (std::size_t i = 0; i < scene.nodes.size(); ++i) {
        const SceneNode& node = scene.nodes[i];
        if (node.id == kNone) continue;
        const graph::Node& own = node.graph->node(node.id);
        bool isReplaced = false;
        for (const ValueId id : own.inputs) {
            if (!isParameter(*node.graph, id)) continue;
            const ValueId here = net.find(node.graph->value(id).name);
            isParameter(net, here) ? all[i].push_back(here) : void(isReplaced = true);
        }
        const auto there = isReplaced ? inNet.find(own.name) : inNet.end();
        if (there == inNet.end()) continue;
        for (const ValueId id : there->second->inputs)
            if (isParameter(net, id) && std::ranges::find(all[i], id) == all[i].end()) all[i].push_back(id);
    }
    return all;
}

bool isWithin(const GraphScene& scene, int inner, int block) {
    while (inner > block) inner = scene.blocks[at(inner)].parent;  // a block stands behind its parent
    return inner == block;
}

}  // namespace

GraphScenePtr withLearning(const GraphScene& scene, const graph::Graph& net) {
    auto made = std::make_shared<GraphScene>(scene);
    const auto parameters = parametersByNode(scene, net);
    for (std::size_t i = 0; i < made->nodes.size(); ++i) {
        SceneNode& node = made->nodes[i];
        for (const ValueId id : parameters[i]) {
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

ParameterFinder::ParameterFinder(GraphScenePtr scene, std::shared_ptr<const graph::Graph> net, const graph::Graph& bare)
    : m_scene(std::move(scene)), m_net(std::move(net)), m_ofNode(parametersByNode(*m_scene, *m_net)), m_sources(m_scene->nodes.size()), m_matrixOf(m_net->values().size(), kNone) {
    for (const auto& [from, to] : m_scene->edges) m_sources[at(to)].push_back(from);
    for (const models::LoraPair& pair : models::possibleLoraPairs(bare)) {
        const ValueId matrix = m_net->find(pair.weight);
        for (const std::string& name : {pair.weight, pair.a, pair.b})
            if (const ValueId id = m_net->find(name); id != kNone) m_matrixOf[at(id)] = matrix;
    }
}

std::vector<bool> ParameterFinder::chosen(int node, int block) const {
    std::vector<bool> nodes(m_scene->nodes.size(), false);
    if (node >= 0) nodes[at(node)] = true;
    else
        for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = isWithin(*m_scene, m_scene->nodes[i].block, std::max(0, block));
    return nodes;
}

ParameterFinder::Ids ParameterFinder::readBy(const std::vector<bool>& nodes) const {
    std::vector<bool> isRead(m_net->values().size(), false);
    Ids ids;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i])
            for (const ValueId id : m_ofNode[i])
                if (!isRead[at(id)]) isRead[at(id)] = true, ids.push_back(id);
    return ids;
}

ParameterFinder::Ids ParameterFinder::of(int node, int block) const { return node < 0 && block <= 0 ? m_net->parameters() : readBy(chosen(node, block)); }

ParameterFinder::Ids ParameterFinder::before(int node, int block) const {
    if (node < 0 && block <= 0) return {};
    std::vector<bool> before = chosen(node, block);
    std::vector<int> open;
    for (int i = 0; i < static_cast<int>(before.size()); ++i)
        if (before[at(i)]) open.push_back(i);
    while (!open.empty()) {
        const int next = open.back();
        open.pop_back();
        for (const int source : m_sources[at(next)])
            if (!before[at(source)]) before[at(source)] = true, open.push_back(source);
    }
    std::vector<bool> isOwn(m_net->values().size(), false);
    for (const ValueId id : of(node, block)) isOwn[at(id)] = true;
    Ids ids = readBy(before);
    std::erase_if(ids, [&](ValueId id) { return bool(isOwn[at(id)]); });
    return ids;
}

ParameterFinder::Ids ParameterFinder::unseenHead() const {
    const Ids seen = readBy(std::vector<bool>(m_scene->nodes.size(), true));
    Ids ids;
    for (const ValueId id : m_net->parameters())
        if (models::isNewHead(m_net->value(id).name) && std::ranges::find(seen, id) == seen.end()) ids.push_back(id);
    return ids;
}

ParameterFinder::Ids ParameterFinder::matrices(const Ids& ids) const {
    Ids all;
    for (const ValueId id : ids)
        if (const ValueId matrix = m_matrixOf[at(id)]; matrix != kNone) all.push_back(matrix);
    std::ranges::sort(all);
    const auto twice = std::ranges::unique(all);
    all.erase(twice.begin(), twice.end());
    return all;
}

bool ParameterFinder::hasUpdate(ValueId matrix) const { return m_net->find(models::loraNameOfA(m_net->value(matrix).name)) != kNone; }

bool ParameterFinder::isFrozen(const Ids& ids) const {
    return std::ranges::all_of(ids, [&](ValueId id) { return m_net->value(id).frozen; });
}

models::ParameterNames ParameterFinder::names(const Ids& ids) const {
    models::ParameterNames all;
    for (const ValueId id : ids) all.insert(m_net->value(id).name);
    return all;
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

config::RunConfig fittingTo(const config::RunConfig& config, const models::Basis& basis) {
    config::RunConfig fitting = config;
    try {
        plan::setTrained(fitting, models::fittingTo(plan::bareNet(config, basis), plan::trainedOf(config)));
    } catch (const Error&) {  // why it does not suit the data is said where it is planned
        return config;
    }
    return fitting;
}

}  // namespace headroom::ui
