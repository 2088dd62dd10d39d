// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/graph_scene.h"

#include <QCoreApplication>
#include <QHash>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/graph/op_entry.h"

namespace headroom::ui {
namespace {

using graph::kNone;

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }
QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

/// By word: operators that no row names are arithmetic.
const std::unordered_map<std::string_view, Family>& families() {
    static const std::unordered_map<std::string_view, Family> kAll = [] {
        std::unordered_map<std::string_view, Family> all;
        const auto add = [&all](Family family, std::initializer_list<std::string_view> names) {
            for (const std::string_view name : names) all.emplace(name, family);
        };
        add(Family::Convolution, {"Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "Col2Im"});
        add(Family::Product, {"Gemm", "MatMul", "Linear", "Attention", "Einsum", "RNN", "LSTM", "GRU", "AddPositions", "MatMulInteger", "QLinearMatMul", "RotaryEmbedding"});
        add(Family::Normalization, {"BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization", "LRN", "LpNormalization",
                                    "MeanVarianceNormalization", "BatchNormRelu", "BatchNormAddRelu", "Dropout"});
        add(Family::Activation, {"Relu", "Gelu", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "Hardmax", "HardSigmoid", "HardSwish", "Elu", "Celu", "Selu", "LeakyRelu", "PRelu", "Mish",
                                 "Softplus", "Softsign", "ThresholdedRelu", "Shrink", "Clip", "Erf"});
        add(Family::Pooling, {"MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "GridSample", "AffineGrid", "ReduceL1", "ReduceL2", "ReduceLogSum",
                              "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "ArgMax", "ArgMin", "TopK", "CumSum"});
        add(Family::Movement, {"Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Concat", "Split", "Slice", "Pad", "Tile", "Expand", "Gather", "GatherElements", "GatherND", "ScatterElements",
                               "ScatterND", "Identity", "Cast", "Shape", "Size", "DepthToSpace", "SpaceToDepth", "Trilu", "ReverseSequence", "EyeLike", "ConstantOfShape", "OneHot", "Places", "Range",
                               "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "HannWindow", "HammingWindow", "BlackmanWindow"});
        add(Family::Ends, {"SoftmaxCrossEntropy", "SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss", "MeanSquaredError", "LinearCrossEntropy"});
        return all;
    }();
    return kAll;
}

QString blockPathOf(const graph::Node& node) {
    if (!node.block.empty()) return str(node.block);
    QString name = QString::fromStdString(node.name);
    while (name.startsWith(QLatin1Char('/'))) name.remove(0, 1);
    return name.section(QLatin1Char('/'), 0, -2);
}

void add(plan::NodeFigures& sum, const plan::NodeFigures& part) {
    sum.parameters += part.parameters;
    sum.forwardFlops += part.forwardFlops;
    sum.backwardFlops += part.backwardFlops;
    sum.made += part.made;
    sum.seconds += part.seconds;
}

/// Puts a scene together.
class Builder {
public:
    Builder() { m_scene->blocks.push_back({}); }

    GraphScene& scene() { return *m_scene; }

    int block(const QString& path) {
        if (path.isEmpty()) return 0;
        const auto known = m_blocks.constFind(path);
        if (known != m_blocks.cend()) return *known;
        const qsizetype cut = path.lastIndexOf(QLatin1Char('/'));
        const int parent = block(cut < 0 ? QString() : path.left(cut));
        const int index = static_cast<int>(m_scene->blocks.size());
        m_scene->blocks.push_back({path, path.mid(cut + 1), parent, m_scene->blocks[at(parent)].depth + 1, 0, {}, 0, graph::Standing::Same, Learning::None, false});
        return m_blocks[path] = index;
    }

    GraphScenePtr finished() {
        std::sort(m_scene->edges.begin(), m_scene->edges.end());
        m_scene->edges.erase(std::unique(m_scene->edges.begin(), m_scene->edges.end()), m_scene->edges.end());
        for (const SceneNode& node : m_scene->nodes)
            for (int index = node.block; index >= 0; index = m_scene->blocks[at(index)].parent) {
                SceneBlock& block = m_scene->blocks[at(index)];
                ++block.nodes;
                add(block.figures, node.figures);
                block.atPeak += node.atPeak;
                if (node.standing != graph::Standing::Same) block.standing = graph::Standing::Changed;
                block.learning = together(block.learning, node.learning);
                block.isUpdated = block.isUpdated || node.isUpdated;
            }
        return m_scene;
    }

private:
    std::shared_ptr<GraphScene> m_scene = std::make_shared<GraphScene>();
    QHash<QString, int> m_blocks;
};

}  // namespace

Learning together(Learning a, Learning b) {
    if (a == Learning::None || a == b) return b;
    return b == Learning::None ? a : Learning::Partly;
}

Family familyOf(const graph::OpEntry& op) {
    const auto found = families().find(op.name);
    return found == families().end() ? Family::Arithmetic : found->second;
}

QString familyName(Family family) {
    switch (family) {
        case Family::Convolution: return QCoreApplication::translate("Families", "convolution");
        case Family::Product: return QCoreApplication::translate("Families", "matrix product");
        case Family::Normalization: return QCoreApplication::translate("Families", "normalisation");
        case Family::Activation: return QCoreApplication::translate("Families", "activation");
        case Family::Pooling: return QCoreApplication::translate("Families", "pooling, reduction");
        case Family::Arithmetic: return QCoreApplication::translate("Families", "arithmetic");
        case Family::Movement: return QCoreApplication::translate("Families", "shape, movement");
        case Family::Ends: return QCoreApplication::translate("Families", "input, loss");
    }
    return {};
}

int GraphScene::find(const QString& name) const {
    const auto found = std::ranges::find_if(nodes, [&](const SceneNode& node) { return node.id != kNone && node.name == name; });
    return found == nodes.end() ? -1 : static_cast<int>(found - nodes.begin());
}

GraphScenePtr sceneOf(std::shared_ptr<const graph::Graph> owned, const std::vector<plan::NodeFigures>& figures, const std::vector<Bytes>& atPeak) {
    const graph::Graph& graph = *owned;
    Builder builder;
    GraphScene& scene = builder.scene();
    scene.graphs.push_back(std::move(owned));
    scene.hasPeak = !atPeak.empty();
    std::vector<int> maker(graph.values().size(), -1);  ///< by ValueId: the scene's node
    for (const graph::ValueId id : graph.inputs()) {
        const graph::Value& value = graph.value(id);
        maker[at(id)] = static_cast<int>(scene.nodes.size());
        SceneNode node;
        node.name = str(value.name);
        node.op = QCoreApplication::translate("GraphScene", "Input");
        node.shape = str(graph::toString(value.type.shape));
        node.graph = &graph;
        node.value = id;
        scene.nodes.push_back(std::move(node));
    }
    for (const graph::Node& each : graph.nodes()) {
        const int index = static_cast<int>(scene.nodes.size());
        SceneNode node;
        node.name = str(each.name);
        node.op = str(each.op->name);
        if (!each.outputs.empty()) node.shape = str(graph::toString(graph.value(each.outputs.front()).type.shape));
        node.family = familyOf(*each.op);
        node.block = builder.block(blockPathOf(each));
        node.graph = &graph;
        node.id = each.id;
        if (!figures.empty()) node.figures = figures[at(each.id)];
        if (!atPeak.empty()) node.atPeak = atPeak[at(each.id)];
        scene.hasTimes = scene.hasTimes || node.figures.seconds > 0;
        scene.nodes.push_back(std::move(node));
        for (const graph::ValueId id : each.inputs)
            if (id != kNone && maker[at(id)] >= 0) scene.edges.emplace_back(maker[at(id)], index);
        for (const graph::ValueId id : each.outputs) maker[at(id)] = index;
    }
    return builder.finished();
}

GraphScenePtr comparisonOf(const GraphScene& first, const GraphScene& second) {
    const graph::Graph &before = *first.graphs.front(), &after = *second.graphs.front();
    const graph::Difference difference = graph::differenceOf(before, after);
    Builder builder;
    GraphScene& scene = builder.scene();
    scene.graphs = {first.graphs.front(), second.graphs.front()};
    scene.isComparison = true;
    scene.hasTimes = first.hasTimes && second.hasTimes;
    QHash<QString, int> inputs;
    std::vector<int> ofFirst(first.nodes.size(), -1), ofSecond(second.nodes.size(), -1);
    std::vector<int> placeOfNode(before.nodes().size(), -1);
    const auto copied = [&](const GraphScene& from, const SceneNode& node, graph::Standing standing, bool isSecond) {
        SceneNode copy = node;
        copy.block = builder.block(from.blocks[at(node.block)].path);
        copy.standing = standing;
        copy.isSecond = isSecond;
        scene.nodes.push_back(std::move(copy));
        return static_cast<int>(scene.nodes.size()) - 1;
    };
    for (std::size_t i = 0; i < second.nodes.size(); ++i) {
        const SceneNode& node = second.nodes[i];
        const graph::Standing standing = node.id == kNone ? graph::Standing::Same : difference.second[at(node.id)];
        ofSecond[i] = copied(second, node, standing, standing == graph::Standing::Alone);
        if (node.id == kNone) inputs[node.name] = ofSecond[i];
        else if (difference.partner[at(node.id)] != kNone) placeOfNode[at(difference.partner[at(node.id)])] = ofSecond[i];
    }
    for (std::size_t i = 0; i < first.nodes.size(); ++i) {
        const SceneNode& node = first.nodes[i];
        ofFirst[i] = node.id == kNone ? inputs.value(node.name, -1) : placeOfNode[at(node.id)];
        if (ofFirst[i] < 0) ofFirst[i] = copied(first, node, graph::Standing::Alone, false);
    }
    for (const auto& [from, to] : second.edges) scene.edges.emplace_back(ofSecond[at(from)], ofSecond[at(to)]);
    for (const auto& [from, to] : first.edges) scene.edges.emplace_back(ofFirst[at(from)], ofFirst[at(to)]);
    return builder.finished();
}

}  // namespace headroom::ui
