// SPDX-License-Identifier: Apache-2.0
#include "base/plan/bare_net.h"

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/models/adapted.h"
#include "base/plan/training_step.h"

namespace headroom::plan {

graph::Graph bareNet(const config::RunConfig& config, const models::Basis& basis) {
    if (!config.model.file.empty() && !basis.file)
        throw Error(Failure{Code::Cfg09, "model.file", "the model file has not been read", config.model.file, {}, {}});
    if (!basis.file) return models::build(config.model.arch, basis.shape, modelOptions(config));
    const auto head = config.model.head == "keep" ? models::Head::Keep : config.model.head == "new" ? models::Head::New : models::Head::Auto;
    graph::Graph net = models::adapted(*basis.file, basis.shape, {config.model.output, head});
    net.name = config::modelName(config.model.arch, config.model.file);
    return net;
}

models::Trained trainedOf(const config::RunConfig& config) {
    const config::RunConfig::Lora& lora = config.model.lora;
    return {{lora.rank, lora.alpha, lora.dropout, lora.targets}, config.train.freeze};
}

void setTrained(config::RunConfig& config, const models::Trained& trained) {
    config::RunConfig::Lora& lora = config.model.lora;
    lora.rank = trained.lora.rank;
    lora.alpha = trained.lora.alpha;
    lora.dropout = trained.lora.dropout;
    lora.targets = trained.lora.targets;
    config.train.freeze = trained.freeze;
}

}  // namespace headroom::plan
