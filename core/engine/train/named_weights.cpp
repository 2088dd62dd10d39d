// SPDX-License-Identifier: Apache-2.0
#include "engine/train/named_weights.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include "base/errors/error.h"
#include "base/models/lora.h"
#include "base/store/documents.h"
#include "engine/tensor/bridge.h"

namespace headroom::train {
namespace {

constexpr std::size_t kNamesShown = 5;

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < kNamesShown; ++i) text += (i == 0 ? "" : ", ") + escaped(names[i]);
    return names.size() > kNamesShown ? text + fmt::format(" and {} more", names.size() - kNamesShown) : text;
}

void refuseIfIncomplete(const models::WeightMap& map, const std::filesystem::path& file) {
    const auto refuse = [&](std::string problem, const std::vector<std::string>& names) {
        throw Error(Failure{Code::Cfg09, "model.weights", std::move(problem), escaped(file.filename().string()) + ": " + listed(names), {},
                            "See what was found with headroom model import, and say the names in model.weights_map; null leaves one as it is drawn."});
    };
    if (!map.unknown.empty()) refuse("chosen names are neither in the net nor in the file", map.unknown);
    if (!map.missing.empty()) refuse(fmt::format("the file lacks {} weights of the net", map.missing.size()), map.missing);
    std::vector<std::string> misfits;
    for (const models::WeightMisfit& each : map.misfits)
        misfits.push_back(fmt::format("{} [{}] in place of [{}]", each.tensor, fmt::join(each.found, ", "), fmt::join(each.wanted, ", ")));
    if (!misfits.empty()) refuse(fmt::format("{} weights have another shape", misfits.size()), misfits);
}

at::Tensor assembled(const formats::WeightFiles& files, const models::WeightMatch& match) {
    std::vector<at::Tensor> parts;
    for (const std::string& name : match.tensors) {
        const graph::HostTensor read = files.readFloats(name);
        parts.push_back(tensor::fromBytes(read.dtype, read.shape, read.data));
    }
    const at::Tensor whole = parts.size() == 1 ? parts.front() : at::cat(parts);
    return match.isTransposed ? whole.t() : whole;
}

}  // namespace

models::ChosenWeights chosenWeights(const std::filesystem::path& map) {
    if (map.empty()) return {};
    return models::chosenFromJson(store::readDocument(map), escaped(map.filename().string()));
}

models::WeightMap mapWeights(const graph::Graph& net, const formats::WeightFiles& files, const models::ChosenWeights& chosen) {
    std::vector<models::WantedTensor> wanted = models::wantedTensors(net);
    std::erase_if(wanted, [](const models::WantedTensor& each) { return models::isLoraUpdate(each.name) || each.name.ends_with(models::kLoraScale); });
    std::vector<models::NamedShape> tensors;
    for (const formats::StTensor& each : files.tensors()) tensors.push_back({each.name, each.shape});
    return models::mapWeights(wanted, tensors, chosen);
}

std::vector<graph::HostTensor> namedWeights(const graph::Graph& net, const std::filesystem::path& file, const models::ChosenWeights& chosen) {
    const formats::WeightFiles files(file);
    const models::WeightMap map = mapWeights(net, files, chosen);
    refuseIfIncomplete(map, file);
    std::vector<graph::HostTensor> weights;
    for (const models::WeightMatch& match : map.matches) {
        const std::vector<std::int64_t> shape = graph::resolved(net.value(net.find(match.parameter)).type.shape, {});
        weights.push_back({match.parameter, graph::DType::F32, shape, tensor::toBytes(assembled(files, match))});
    }
    return weights;
}

}  // namespace headroom::train
