// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/config/run_config.h"
#include "base/models/trained.h"
#include "ui/bridge/graph_scene.h"

// What of a picture is trained. `net` is the one that training is set for, as models::trainedNet() makes it: the picture may be of that
// net with its loss and fused nodes, or of the file that it was made from. Parameters are found by their names; where the net has another
// one in their place (a new head), by the node's name.
namespace headroom::ui {

/// The scene with Learning and updates as the net has them.
GraphScenePtr withLearning(const GraphScene& scene, const graph::Graph& net);

/// Of the net, what the node reads, or else all nodes of the block; with neither (-1, <= 0) all that it has.
models::ParameterNames parametersOf(const GraphScene& scene, const graph::Graph& net, int node, int block);

/// What those read that the node or the block is computed from, and it does not read itself.
models::ParameterNames parametersBefore(const GraphScene& scene, const graph::Graph& net, int node, int block);

/// Of a new head, what no node of the scene reads: a file's picture does not show it where it was put behind an inner value.
models::ParameterNames unseenHead(const GraphScene& scene, const graph::Graph& net);

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

}  // namespace headroom::ui
