// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model_file.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/errors/error.h"
#include "base/graph/document.h"
#include "base/store/atomic_file.h"
#include "engine/formats/onnx_reader.h"
#include "engine/tensor/bridge.h"
#include "engine/train/checkpoints.h"
#include "engine/train/lora_adapter.h"
#include "engine/train/named_weights.h"

namespace headroom::train {
namespace {

std::shared_ptr<const graph::Graph> readDocument(const std::filesystem::path& document) {
    const auto parsed = nlohmann::json::parse(store::readWhole(document), nullptr, false);
    return std::make_shared<const graph::Graph>(graph::graphFromJson(parsed));
}

/// Parameters and buffers of the newest checkpoint.
std::vector<graph::HostTensor> weightsOf(const std::filesystem::path& checkpoints) {
    constexpr std::string_view kModel = "model.";
    std::vector<graph::HostTensor> weights;
    const auto newest = Checkpoints(checkpoints).newest();
    if (!newest) return weights;
    for (const auto& [name, entry] : newest->content.entries())
        if (name.starts_with(kModel))
            weights.push_back({name.substr(kModel.size()), entry.type, entry.shape, tensor::toBytes(newest->content.read(name))});
    return weights;
}

}  // namespace

ModelFile readModelFile(const config::RunConfig& config) {
    if (config.model.file.empty()) return {};
    auto content = std::make_shared<formats::OnnxModel>(formats::readOnnx(config.model.file));
    auto graph = std::make_shared<const graph::Graph>(std::move(content->graph));
    const auto weights = [content, config](const graph::Graph&) {
        std::vector<graph::HostTensor> once = std::exchange(content->weights, {});
        return once.empty() ? formats::readOnnx(config.model.file).weights : once;
    };
    return {std::move(graph), weights};
}

ModelFile modelFileOf(const config::RunConfig& config, const std::filesystem::path& document, const std::filesystem::path& checkpoints) {
    ModelFile file;
    if (std::filesystem::exists(document)) {
        file = {readDocument(document), [config](const graph::Graph&) { return formats::readOnnx(config.model.file).weights; }};
    } else if (!config.model.file.empty()) {
        file = readModelFile(config);
        store::writeAtomically(document, graph::toJson(*file.graph).dump());
    }
    if (!config.model.weights.empty() && config.model.file.empty())
        file.weights = [model = config.model](const graph::Graph& net) { return namedWeights(net, model.weights, chosenWeights(model.weightsMap)); };
    if (const config::RunConfig::Lora& lora = config.model.lora; lora.rank > 0 && !lora.adapter.empty())
        file.weights = [first = file.weights, lora](const graph::Graph& net) {
            std::vector<graph::HostTensor> all = first ? first(net) : std::vector<graph::HostTensor>{};
            std::ranges::move(readLoraAdapter(lora, net), std::back_inserter(all));
            return all;
        };
    if (!Checkpoints(checkpoints).files().empty()) file.weights = [checkpoints](const graph::Graph&) { return weightsOf(checkpoints); };
    return file;
}

std::shared_ptr<const graph::Graph> keptGraph(const config::RunConfig& config, const std::filesystem::path& document) {
    if (config.model.file.empty()) return nullptr;
    if (!std::filesystem::exists(document))
        throw Error(Failure{Code::Run01, document.parent_path().filename().string(), "the run's graph is missing", {}, {}, {}});
    return readDocument(document);
}

}  // namespace headroom::train
