// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/deploy/trained_model.h"

namespace headroom::test {

struct SpeakerForm {
    std::string arch = "gpt_mini";
    std::int64_t context = 8;
    std::int64_t seed = 0;
    models::ModelOptions size{};
    std::shared_ptr<const graph::Graph> file = nullptr;  ///< in place of the architecture
    std::string head = "auto";                           ///< of the file
};
/// An untrained model of the bytes or characters that `names` are.
deploy::TrainedModel speaker(const std::string& tokenizer, std::vector<std::string> names, const SpeakerForm& form = {});

/// The graph of a model alone, as a file would bring it.
std::shared_ptr<const graph::Graph> graphOf(const deploy::TrainedModel& trained);

/// Weights so large that every token hangs on those before it and on their places.
void sharpen(deploy::TrainedModel& trained);

}  // namespace headroom::test
