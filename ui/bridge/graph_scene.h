// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include <memory>
#include <vector>

#include "base/graph/difference.h"
#include "base/plan/node_figures.h"

namespace headroom::ui {

/// What kinds of operators look alike in a graph's picture.
enum class Family { Convolution, Product, Normalization, Activation, Pooling, Arithmetic, Movement, Ends };
inline constexpr int kFamilies = 8;
Family familyOf(const graph::OpEntry& op);
QString familyName(Family family);

/// What training does to the parameters of a node or of a block.
enum class Learning { None, Trained, Partly, Frozen };
/// Of both in one.
Learning together(Learning a, Learning b);

/// A node as a picture of the graph shows it: an operator, or where data come in.
struct SceneNode {
    QString name, op, shape;  ///< shape of the first output
    Family family = Family::Ends;
    int block = 0;                                ///< in GraphScene::blocks
    const graph::Graph* graph = nullptr;          ///< that `id` belongs to; owned by the scene
    graph::NodeId id = graph::kNone;              ///< kNone: an input
    graph::ValueId value = graph::kNone;          ///< of an input
    plan::NodeFigures figures;
    Bytes atPeak = 0;                             ///< held at the peak of the planned step
    graph::Standing standing = graph::Standing::Same;
    bool isSecond = false;                        ///< of a comparison: of the second graph only
    Learning learning = Learning::None;           ///< as withLearning() found it; None: it has no parameters, or nobody said
    bool isUpdated = false;                       ///< a matrix of it has an update of low rank
};

/// Nodes that belong together by the path of their block; block 0 is the whole.
struct SceneBlock {
    QString path, name;
    int parent = -1, depth = 0;
    int nodes = 0;              ///< with those of blocks within
    plan::NodeFigures figures;  ///< sums
    Bytes atPeak = 0;
    graph::Standing standing = graph::Standing::Same;  ///< Same where all within are
    Learning learning = Learning::None;
    bool isUpdated = false;
};

/// A graph as it is drawn: nodes in an order in which data flow, what flows between them, and their blocks. Never changed.
struct GraphScene {
    std::vector<SceneNode> nodes;
    std::vector<SceneBlock> blocks;
    std::vector<std::pair<int, int>> edges;  ///< from, to
    std::vector<std::shared_ptr<const graph::Graph>> graphs;
    bool isComparison = false, hasTimes = false, hasPeak = false;

    /// The operator of that name, or -1.
    int find(const QString& name) const;
};
using GraphScenePtr = std::shared_ptr<const GraphScene>;

/// `figures` by NodeId, as `atPeak`; both may be empty. Nodes without a block belong to the folder of their name ("/layer1/conv").
GraphScenePtr sceneOf(std::shared_ptr<const graph::Graph> graph, const std::vector<plan::NodeFigures>& figures, const std::vector<Bytes>& atPeak = {});

/// Both graphs in one picture: what they share once, as the second has it.
GraphScenePtr comparisonOf(const GraphScene& first, const GraphScene& second);

}  // namespace headroom::ui
