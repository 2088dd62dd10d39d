// SPDX-License-Identifier: Apache-2.0
#include "engine/train/lora_adapter.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/models/weight_names.h"
#include "base/store/atomic_file.h"
#include "engine/formats/file.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/weight_files.h"
#include "engine/tensor/bridge.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kWeight = ".weight", kBase = "base_model.model.", kBody = "transformer.", kBlock = "h.";
constexpr const char* kConfigName = "adapter_config.json";

bool isParameter(const graph::Graph& net, const std::string& name) {
    const graph::ValueId id = net.find(name);
    return id != graph::kNone && net.value(id).kind == graph::ValueKind::Parameter;
}

/// The net's parameter that a tensor of the file is of: "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight" is "h.0.attn.c_attn.lora_A",
/// or the same behind "transformer." where the net has that. Without one, the last name that was tried.
std::string ownName(std::string_view name, const graph::Graph& net) {
    if (name.starts_with(kBase)) name.remove_prefix(kBase.size());
    std::string own;
    for (const std::string_view prefix : {std::string_view(), std::string_view("model."), kBody}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
        own = name;
        if (const auto bare = name.substr(0, name.size() - kWeight.size()); name.ends_with(kWeight) && models::isLoraUpdate(bare)) own = bare;
        if (isParameter(net, own)) break;
    }
    return own;
}

std::string theirName(std::string_view own) { return fmt::format("{}{}{}", kBase, own.starts_with(kBlock) ? kBody : "", own); }

graph::HostTensor transposed(graph::HostTensor tensor) {
    const at::Tensor other = tensor::fromBytes(tensor.dtype, tensor.shape, tensor.data).t();
    tensor.shape = {tensor.shape[1], tensor.shape[0]};
    tensor.data = tensor::toBytes(other);
    return tensor;
}

Error refused(const fs::path& file, std::string problem, std::string actual, std::string remedy) {
    return Error(Failure{Code::Cfg09, escaped(file.filename().string()), std::move(problem), std::move(actual), {}, std::move(remedy)});
}

/// The configuration that lies beside the file; null where none does.
json statedBeside(const fs::path& file, fs::path& beside) {
    constexpr std::uint64_t kMost = 1 << 20;
    beside = fs::path(file).replace_extension(".config.json");
    if (!fs::exists(beside)) beside = file.parent_path() / kConfigName;
    if (!fs::exists(beside)) return {};
    const formats::File opened(beside);
    std::string text(std::min(opened.size(), kMost + 1), '\0');
    opened.readExactly(0, std::as_writable_bytes(std::span(text)), Code::Cfg09);
    const json stated = json::parse(text, nullptr, false);
    if (!stated.is_object()) throw refused(beside, "this is no adapter's configuration", {}, "Take it away, or bring the right one.");
    return stated;
}

/// What an update counts by the configuration beside the file; nothing where there is none.
std::optional<double> statedScale(const fs::path& file) {
    fs::path beside;
    const json stated = statedBeside(file, beside);
    if (stated.is_null()) return std::nullopt;
    const auto number = [&](const char* name) {
        const auto found = stated.find(name);
        if (found == stated.end() || !found->is_number() || !(found->get<double>() > 0))
            throw refused(beside, "the adapter's configuration says no usable number", name, "Take it away, or bring the right one.");
        return found->get<double>();
    };
    const auto isSet = [&](const char* name) {
        const auto found = stated.find(name);
        return found != stated.end() && !found->is_null() && (found->is_boolean() ? found->get<bool>() : !found->empty());
    };
    const auto text = [&](const char* name) { return stated.contains(name) && stated[name].is_string() ? stated[name].get<std::string>() : std::string(); };
    for (const char* other : {"use_dora", "lora_bias", "alpha_pattern", "rank_pattern", "layer_replication"})
        if (isSet(other)) throw refused(beside, "updates of this kind are not read", other, "Merge the adapter into its weights, and begin with those.");
    if (const std::string bias = text("bias"); !bias.empty() && bias != "none")
        throw refused(beside, "updates of this kind are not read", "bias " + escaped(bias), "Merge the adapter into its weights, and begin with those.");
    for (const char* changing : {"pissa", "olora", "corda", "loftq"})
        if (text("init_lora_weights").starts_with(changing))
            throw refused(beside, "the adapter's base has other weights than the net", changing, "Merge the adapter into its weights, and begin with those.");
    return number("lora_alpha") / (isSet("use_rslora") ? std::sqrt(number("r")) : number("r"));
}

void requireSameScale(const config::RunConfig::Lora& lora) {
    const std::optional<double> stated = statedScale(lora.adapter);
    const auto rank = static_cast<double>(lora.rank);
    if (!stated || std::abs(*stated - lora.alpha / rank) <= 1e-6 * *stated) return;
    throw refused(lora.adapter, "the adapter's updates count otherwise", fmt::format("alpha / rank {:g}, {:g} wanted", lora.alpha / rank, *stated),
                  fmt::format("Set model.lora.alpha={:g}.", *stated * rank));
}

/// Every update of the net comes from the file.
void requireAll(const std::vector<graph::HostTensor>& read, const graph::Graph& net, const fs::path& file) {
    for (const graph::ValueId id : net.parameters())
        if (const std::string& name = net.value(id).name; models::isLoraUpdate(name) && std::ranges::find(read, name, &graph::HostTensor::name) == read.end())
            throw refused(file, "the file has no update for a target", escaped(name), "Set model.lora.targets to the weights that it has updates for.");
}

bool hasShape(const graph::Graph& net, const std::string& name, const std::vector<std::int64_t>& shape) {
    return graph::resolved(net.value(net.find(name)).type.shape, {}) == shape;
}

/// Names of modules as PEFT compares them with the end of a module's path.
json targetsOf(const LoraUpdates& updates) {
    json targets = json::array();
    for (const models::LoraPair& pair : updates.pairs) targets.push_back(pair.a.substr(0, pair.a.size() - models::kLoraA.size()));
    return targets;
}

/// The modules that are trained whole.
json headsOf(const LoraUpdates& updates) {
    std::set<std::string> modules;
    for (const NamedTensor& each : updates.tensors)
        if (!models::isLoraUpdate(each.name)) modules.insert(each.name.substr(0, each.name.rfind('.')));
    return modules;
}

json configurationOf(const LoraUpdates& updates, const config::RunConfig& config, bool isText) {
    const config::RunConfig::Lora& lora = config.model.lora;
    const json head = headsOf(updates);
    // Weights that are read as [in, out] are those of Hugging Face's Conv1D.
    const bool conv1d = !updates.pairs.empty() && !updates.pairs.front().transposed;
    return {{"peft_type", "LORA"},
            {"task_type", isText ? json("CAUSAL_LM") : json()},
            {"base_model_name_or_path", config::modelName(config)},
            {"r", lora.rank},
            {"lora_alpha", lora.alpha},
            {"lora_dropout", lora.dropout},
            {"target_modules", targetsOf(updates)},
            {"modules_to_save", head.empty() ? json() : head},
            {"fan_in_fan_out", conv1d},
            {"bias", "none"},
            {"inference_mode", true}};
}

/// Bytes and names as the file has them.
class Layout {
public:
    explicit Layout(const LoraUpdates& updates) {
        m_bytes.reserve(updates.tensors.size());
        for (const NamedTensor& each : updates.tensors) {
            const bool update = models::isLoraUpdate(each.name);
            const at::Tensor laid = (update ? each.tensor.t() : each.tensor).contiguous();
            m_bytes.push_back(tensor::toBytes(laid));
            m_views.push_back({{theirName(each.name) + (update ? std::string(kWeight) : ""), formats::StType::F32, laid.sizes().vec()}, m_bytes.back()});
        }
    }
    const std::vector<formats::StView>& views() const { return m_views; }

private:
    std::vector<std::vector<std::byte>> m_bytes;
    std::vector<formats::StView> m_views;
};

}  // namespace

std::vector<graph::HostTensor> readLoraAdapter(const config::RunConfig::Lora& lora, const graph::Graph& net) {
    requireSameScale(lora);
    const formats::WeightFiles files(lora.adapter);
    const std::set<std::string> head = models::headOf(net);
    std::vector<graph::HostTensor> all;
    for (const formats::StTensor& each : files.tensors()) {
        const std::string name = ownName(each.name, net);
        const bool update = models::isLoraUpdate(name), known = isParameter(net, name);
        if (!update && (!known || (head.contains(name) && !hasShape(net, name, each.shape)))) continue;  // another task's head
        if (update ? !known || each.shape.size() != 2 : !head.contains(name))
            throw refused(lora.adapter, "the file changes what the run does not adapt", escaped(each.name),
                          "Set model.lora.targets to the weights that it has updates for, or merge it into its weights.");
        if (std::ranges::find(all, name, &graph::HostTensor::name) != all.end())
            throw refused(lora.adapter, "two tensors are of one parameter", escaped(each.name), "Choose another file.");
        all.push_back(update ? transposed(files.readFloats(each.name)) : files.readFloats(each.name));
        all.back().name = name;
    }
    requireAll(all, net, lora.adapter);
    return all;
}

void writeLoraAdapter(const fs::path& folder, const LoraUpdates& updates, const config::RunConfig& config, bool isText) {
    formats::writeSafetensors(folder / "adapter_model.safetensors", Layout(updates).views(), {{"format", "pt"}});
    store::writeAtomically(folder / kConfigName, configurationOf(updates, config, isText).dump(2));
}

}  // namespace headroom::train
