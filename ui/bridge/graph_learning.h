// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/config/run_config.h"
#include "base/models/models.h"
#include "base/models/trained.h"
#include "ui/bridge/graph_scene.h"

// What of a picture is trained. `net` is the one that training is set for, as models::trainedNet() makes it: the picture may be of that
// net with its loss and fused nodes, or of the file that it was made from. Parameters are found by their names; where the net has another
// one in their place (a new head), by the node's name.
namespace headroom::ui {

/// The scene with Learning and updates as the net has them.
GraphScenePtr withLearning(const GraphScene& scene, const graph::Graph& net);

/// Finds the net's parameters of what is chosen in a picture: by node, or else by block; with neither (-1, <= 0) of the whole net.
class ParameterFinder {
public:
    using Ids = std::vector<graph::ValueId>;
    /// `bare`: the net before updates and freezing.
    ParameterFinder(GraphScenePtr scene, std::shared_ptr<const graph::Graph> net, const graph::Graph& bare);

    /// What the node reads, or all nodes of the block.
    Ids of(int node, int block) const;
    /// What those read that it is computed from, and it does not read itself.
    Ids before(int node, int block) const;
    /// Of a new head, what no node reads: a file's picture does not show it where it was put behind an inner value.
    Ids unseenHead() const;
    /// The matrices among these, or that their updates are of, that can have an update of low rank.
    Ids matrices(const Ids& ids) const;
    bool hasUpdate(graph::ValueId matrix) const;
    bool isFrozen(const Ids& ids) const;
    models::ParameterNames names(const Ids& ids) const;

    const GraphScenePtr& scene() const { return m_scene; }
    const graph::Graph& net() const { return *m_net; }

private:
    std::vector<bool> chosen(int node, int block) const;
    Ids readBy(const std::vector<bool>& nodes) const;

    GraphScenePtr m_scene;
    std::shared_ptr<const graph::Graph> m_net;
    std::vector<Ids> m_ofNode;               ///< by the scene's nodes
    std::vector<std::vector<int>> m_sources;  ///< likewise: nodes that it is computed from
    std::vector<graph::ValueId> m_matrixOf;   ///< by ValueId: of a matrix that can have an update, and of A and B of one that has; else kNone
};

/// Elements of all parameters, and of those that are trained.
struct ParameterCount {
    qint64 all = 0, trained = 0;
};
ParameterCount countOf(const graph::Graph& net);

/// A choice of trained.h for some parameters, as it changes a configuration; `net` before updates and freezing.
using TrainingChoice = models::Trained (*)(const graph::Graph& net, const models::Trained& now, const models::ParameterNames& parameters);
struct ChosenTraining {
    config::RunConfig config;
    QString refusal;  ///< a sentence, where it cannot be had; the configuration is then as it was
};
ChosenTraining withChoice(const config::RunConfig& config, const graph::Graph& net, TrainingChoice choice, const models::ParameterNames& parameters);

/// Settings for another model, without what they said of the parameters of the last one. As they are where its net cannot be made.
config::RunConfig fittingTo(const config::RunConfig& config, const models::Basis& basis);

}  // namespace headroom::ui
