// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/config/run_config.h"
#include "base/store/run_folder.h"
#include "engine/data/dataset.h"

namespace headroom::deploy {

/// What is done with a net: to ask it, what the run keeps of its data is enough; a proof wants the data themselves.
enum class Purpose { Ask, Prove };

/// The data that a checkpoint learnt, or what its run keeps of them.
struct CheckpointData {
    data::Dataset dataset;  ///< without parts where only the statistics are known
    std::string instead;    ///< why a proof has to do with what is kept: "the data changed since training"; empty: it has not
};

/// `fingerprint`: of the data, in the checkpoint. The tokenizer's tables become those that the run keeps where its data are not read. Throws CKP-05 where
/// neither the data can serve nor anything is kept, with what reading them threw.
CheckpointData checkpointData(const store::RunFolder& run, config::RunConfig& config, const graph::Graph* file, const std::string& fingerprint, Purpose purpose);

}  // namespace headroom::deploy
