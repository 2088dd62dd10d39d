// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/models/freezing.h"
#include "base/models/lora.h"

// What of a net is trained, chosen by its parameters; `net` is one as build() or adapted() makes it, nothing frozen.
namespace headroom::models {

/// As settings say it: model.lora, and train.freeze after it.
struct Trained {
    LoraOptions lora;
    std::string freeze;
};

/// The net with its updates, and what is frozen marked. Unlike withLora() and freeze() it takes patterns that fit nothing for none.
graph::Graph trainedNet(const graph::Graph& net, const Trained& settings);

// The settings after a choice. Names are those of trainedNet(); all but what the choice is about stays as it is.
Trained freezing(const graph::Graph& net, const Trained& now, const ParameterNames& parameters);
Trained thawing(const graph::Graph& net, const Trained& now, const ParameterNames& parameters);
/// These and no others are trained.
Trained trainingAlone(const graph::Graph& net, const Trained& now, const ParameterNames& parameters);

/// The weights that get updates, or could get them (`settings` of a rank, "*"), whose layers these parameters are of.
ParameterNames updatedBy(const graph::Graph& net, const LoraOptions& settings, const ParameterNames& parameters);
/// Updates for these weights too, of kUsualRank where there was none; they are trained whatever was frozen.
Trained updating(const graph::Graph& net, const Trained& now, const ParameterNames& weights);
/// None for these; without any the rank is 0.
Trained notUpdating(const graph::Graph& net, const Trained& now, const ParameterNames& weights);

/// For another net: without the patterns that fit nothing of it, and without a list that would then leave nothing to train or to update.
Trained fittingTo(const graph::Graph& net, const Trained& now);

}  // namespace headroom::models
