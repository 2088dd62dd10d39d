// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/train/trainer.h"

namespace headroom::train {

/// All state of a training that exact going-on needs, to and from a checkpoint. What a function of (seed, position) is -
/// order, augmentation, dropout - is not state.
class StateKeeper {
public:
    explicit StateKeeper(Trainer& trainer) : m_trainer(trainer) {}

    /// Tensors are borrowed, not copied.
    CheckpointContent capture() const;
    /// Throws CKP-03, CKP-04, CKP-05; tells the host what else differs (CKP-07).
    void restore(const Checkpoints::Found& found);

    static std::int64_t microBatch(const CheckpointFile& content);
    /// What the run began with; checkpoints of before it could change have one size only.
    static std::int64_t wantedMicroBatch(const CheckpointFile& content);

private:
    std::vector<NamedTensor> tensors() const;
    void checkData(const nlohmann::json& state) const;
    void checkEnvironment(const nlohmann::json& state) const;
    void checkParts(const nlohmann::json& state) const;
    void copyTensors(const CheckpointFile& content) const;
    void takeCounters(const nlohmann::json& state);

    Trainer& m_trainer;
};

}  // namespace headroom::train
