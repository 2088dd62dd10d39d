// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "base/config/run_config.h"
#include "base/store/run_folder.h"
#include "engine/data/dataset.h"
#include "engine/deploy/checkpoint_data.h"
#include "engine/train/model.h"
#include "engine/train/passes.h"

namespace headroom::deploy {

enum class Weights { Last, Best };

/// A run's net with the weights that its evaluations show (the averaged ones where the run keeps them), beside its data or what the run keeps of them.
struct TrainedModel {
    store::RunFolder run;
    config::RunConfig config;
    data::Dataset dataset{};                  ///< or what the run keeps of it, with a few samples or none
    std::unique_ptr<train::Model> model{};    ///< on the CPU
    std::int64_t step = 0;                    ///< of the checkpoint
    /// What model.lora trained and the model's weights now hold: low-rank matrices and the head, by the names of the net before.
    std::vector<train::NamedTensor> updates{};
    std::string trainedBeside{};  ///< a parameter that was trained beside those; empty where there is none
    std::string instead{};        ///< as in CheckpointData
};

/// From the run's newest whole checkpoint, or the one of its best evaluation. Throws CKP-08 where there is none, CKP-03 where it is of another model, as
/// checkpointData(), and what reading the configuration throws.
TrainedModel openTrained(const store::RunFolder& run, Weights weights = Weights::Last, Purpose purpose = Purpose::Ask);

/// The net without the low-rank updates of model.lora, which its weights hold instead.
std::unique_ptr<train::Model> merged(const train::Model& adapted, config::RunConfig config, const models::Basis& basis);

/// A run's net in fp32, which keeps its programs from one call to the next. Borrows the model.
class RunNet {
public:
    explicit RunNet(const TrainedModel& trained) : m_trained(trained) {}
    /// [rows, outputs], of masks [samples, classes, height, width], for samples that are prepared as the net takes them; of text each call may have its own length.
    at::Tensor logits(const data::Samples& samples);

private:
    const TrainedModel& m_trained;
    std::map<std::int64_t, train::Passes> m_passes;  ///< by the length of the text; of other samples one
};

/// Of a single call.
at::Tensor sourceLogits(const TrainedModel& trained, const data::Samples& samples);

}  // namespace headroom::deploy
