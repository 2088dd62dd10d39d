// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/model_config.h"

#include <algorithm>

#include "base/config/document.h"
#include "base/graph/ops/activation.h"
#include "base/graph/ops/attention.h"
#include "base/models/weight_namings.h"

namespace headroom::deploy {
namespace {

using nlohmann::json;

bool isGpt2(const TrainedModel& trained) {
    const graph::Graph& net = trained.model->plain();
    return trained.config.model.file.empty() && net.find("wte.weight") != graph::kNone && net.find("wpe.weight") != graph::kNone;
}

const graph::Node& firstOf(const graph::Graph& net, const graph::OpEntry& op) {
    return *std::ranges::find(net.nodes(), &op, [](const graph::Node& node) { return node.op; });
}

/// Everything out of the graph: settings that are zero mean the architecture's own.
json gpt2Config(const TrainedModel& trained) {
    const graph::Graph& net = trained.model->plain();
    const auto shape = [&](const char* name) { return net.value(net.find(name)).type.shape; };
    const auto layers = std::ranges::count(net.nodes(), &graph::kAttention, [](const graph::Node& node) { return node.op; });
    const bool tanh = firstOf(net, graph::kGelu).text("approximate", "none") == "tanh";
    json config{{"model_type", "gpt2"},
                {"architectures", json::array({"GPT2LMHeadModel"})},
                {"vocab_size", shape("wte.weight")[0].extent},
                {"n_positions", shape("wpe.weight")[0].extent},
                {"n_embd", shape("wpe.weight")[1].extent},
                {"n_layer", layers},
                {"n_head", firstOf(net, graph::kAttention).integer("q_num_heads", 1)},
                {"activation_function", tanh ? "gelu_new" : "gelu"},
                {"layer_norm_epsilon", 1e-5},
                {"tie_word_embeddings", true}};
    for (const char* dropout : {"attn_pdrop", "embd_pdrop", "resid_pdrop"}) config[dropout] = trained.config.model.dropout;
    // GPT-2's only special token; where a vocabulary has none, its default would lie beyond the end.
    const std::vector<std::string>& tokens = trained.dataset.classes;
    const auto end = std::ranges::find(tokens, "<|endoftext|>");
    for (const char* token : {"bos_token_id", "eos_token_id"}) config[token] = end == tokens.end() ? json() : json(end - tokens.begin());
    return config;
}

json classifierConfig(const TrainedModel& trained) {
    const models::DataShape& shape = trained.dataset.shape;
    json config{{"architecture", config::modelName(trained.config)}, {"num_classes", shape.outputs}};
    if (shape.kind == models::DataKind::Pictures) config["input_size"] = {shape.channels, shape.height, shape.width};
    if (shape.kind == models::DataKind::Table) config["num_features"] = shape.features;
    for (std::size_t k = 0; k < trained.dataset.classes.size() && shape.kind != models::DataKind::Text; ++k) {
        config["id2label"][std::to_string(k)] = trained.dataset.classes[k];
        config["label2id"][trained.dataset.classes[k]] = k;
    }
    return config;
}

}  // namespace

std::string_view namingOf(const config::RunConfig& config) { return config.model.file.empty() ? models::namingOf(config.model.arch) : std::string_view(); }

json modelConfig(const TrainedModel& trained) {
    json config = isGpt2(trained) ? gpt2Config(trained) : classifierConfig(trained);
    const std::string_view naming = namingOf(trained.config);
    config["naming"] = naming.empty() ? json() : json(naming);
    config["torch_dtype"] = "float32";
    return config;
}

}  // namespace headroom::deploy
