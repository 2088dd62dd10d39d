// SPDX-License-Identifier: Apache-2.0
#include "core/engine/deploy/speaker.h"

namespace headroom::test {

deploy::TrainedModel speaker(const std::string& tokenizer, std::vector<std::string> names, const SpeakerForm& form) {
    config::RunConfig config;
    config.model.arch = form.arch;
    config.model.width = form.size.width, config.model.layers = form.size.layers, config.model.heads = form.size.heads;
    config.model.head = form.head;
    config.data.tokenizer = tokenizer;
    config.train.seed = form.seed;
    deploy::TrainedModel trained{store::RunFolder("20260101-0000-test"), config, {}, nullptr, 0, {}, {}};
    trained.dataset.classes = std::move(names);
    trained.dataset.shape = {.kind = models::DataKind::Text, .task = models::Task::NextToken,
                             .vocabulary = static_cast<std::int64_t>(trained.dataset.classes.size()), .context = form.context};
    trained.model = std::make_unique<train::Model>(config, models::Basis(trained.dataset.shape, form.file), at::kCPU);
    return trained;
}

std::shared_ptr<const graph::Graph> graphOf(const deploy::TrainedModel& trained) { return std::make_shared<graph::Graph>(trained.model->plain()); }

void sharpen(deploy::TrainedModel& trained) {
    for (const train::NamedTensor& named : trained.model->named())
        if (named.tensor.dim() == 2) named.tensor.mul_(6);
}

}  // namespace headroom::test
