// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "base/models/models.h"
#include "base/units/units.h"

namespace headroom::config {
namespace {

/// The divisors of `batch` next to `micro`: "48 or 64".
std::string nearestDivisors(std::int64_t batch, std::int64_t micro) {
    std::int64_t below = std::min(micro, batch);
    while (batch % below != 0) --below;
    std::int64_t above = std::min(micro, batch);
    while (batch % above != 0) ++above;
    return below == above ? grouped(below) : fmt::format("{} or {}", grouped(below), grouped(above));
}

std::optional<Failure> batchFault(const RunConfig::Train& train) {
    if (train.microBatch == 0 || train.batchSize % train.microBatch == 0) return std::nullopt;
    return Failure{Code::Cfg10, "train.micro_batch",
                   fmt::format("does not divide train.batch_size {}", grouped(train.batchSize)),
                   grouped(train.microBatch), "micro-batch x accumulation = batch needed",
                   fmt::format("Use {}.", nearestDivisors(train.batchSize, train.microBatch))};
}

std::optional<Failure> sideFault(const RunConfig::Data& data) {
    constexpr std::int64_t kLeast = 8;
    if (data.side == 0 || data.side >= kLeast) return std::nullopt;
    return Failure{Code::Cfg04, "data.side", "too small for a picture", grouped(data.side), fmt::format("0 or at least {} allowed", kLeast), {}};
}

/// A setting that another one makes impossible.
struct Exclusion {
    std::string_view field;             ///< what is refused
    bool (*when)(const RunConfig&);     ///< whether the field asks for it
    std::string_view other;             ///< the field that stands against it
    bool (*against)(const RunConfig&);  ///< whether that one does
    std::string_view problem;           ///< why they do not go together
    std::string_view remedy;            ///< whole sentences
};

bool updatesInBackward(const RunConfig& config) { return config.memory.optimizerInBackward; }

bool hasNoState(const RunConfig& config) { return config.train.optimizer.name == "sgd" && config.train.optimizer.momentum == 0; }

bool headsDoNotDivide(const RunConfig& config) {
    const std::int64_t width = config.model.width > 0 ? config.model.width : models::kGpt2.width;
    const std::int64_t heads = config.model.heads > 0 ? config.model.heads : models::kGpt2.heads;
    return config.model.arch == "gpt" && width % heads != 0;
}

constexpr Exclusion kExclusions[] = {
    {"model.heads", headsDoNotDivide, "model.width", headsDoNotDivide, "the heads must divide the width",
     "Set model.width to a multiple of model.heads."},
    {"data.tokenizer", [](const RunConfig& c) { return c.data.tokenizer == "byte_pairs"; },
     "data.tokenizer_folder", [](const RunConfig& c) { return c.data.tokenizerFolder.empty(); },
     "byte pairs need their tables", "Set data.tokenizer_folder, or data.tokenizer to characters."},
    {"train.cache_features", [](const RunConfig& c) { return c.train.cacheFeatures; },
     "data.augment.crop", [](const RunConfig& c) { return c.data.augment.crop > 0; },
     "features are those of the pictures as they are", "Set data.augment.crop to 0, or train.cache_features to false."},
    {"train.cache_features", [](const RunConfig& c) { return c.train.cacheFeatures; },
     "data.augment.flip", [](const RunConfig& c) { return c.data.augment.flip; },
     "features are those of the pictures as they are", "Set data.augment.flip to false, or train.cache_features to false."},
    {"train.weights", [](const RunConfig& c) { return c.train.weights == "bf16"; },
     "train.precision", [](const RunConfig& c) { return c.train.precision != "bf16"; },
     "bf16 weights need bf16 arithmetic", "Set train.precision to bf16, or train.weights to fp32."},
    {"train.optimizer.state", [](const RunConfig& c) { return c.train.optimizer.state != "fp32"; },
     "train.optimizer.momentum", hasNoState, "SGD without momentum has no state", "Set a momentum, or train.optimizer.state to fp32."},
    {"memory.offload_optimizer", [](const RunConfig& c) { return c.memory.offloadOptimizer; },
     "train.optimizer.momentum", hasNoState, "SGD without momentum has no state", "Set a momentum, or memory.offload_optimizer to false."},
    // A decay of 0.99 moves an average by a hundredth of the distance, less than bf16 resolves; averages in fp32 would
    // take twice the weights that are to be saved.
    {"train.ema", [](const RunConfig& c) { return c.train.ema > 0; },
     "train.weights", [](const RunConfig& c) { return c.train.weights == "bf16"; },
     "averages in bf16 would stand still", "Set train.ema to 0, or train.weights to fp32."},
    {"memory.optimizer_in_backward", updatesInBackward, "train.micro_batch",
     [](const RunConfig& c) { return c.train.microBatch > 0 && c.train.microBatch < c.train.batchSize; },
     "accumulation needs all gradients to the end", "Set train.micro_batch to 0, or memory.optimizer_in_backward to false."},
    {"memory.optimizer_in_backward", updatesInBackward, "train.clip_norm", [](const RunConfig& c) { return c.train.clipNorm > 0; },
     "the norm of all gradients is known only when the last one is there", "Set train.clip_norm to 0, or memory.optimizer_in_backward to false."},
    // Gradients that are not finite are found when others have been applied; undoing would keep three numbers a weight of AdamW.
    {"memory.optimizer_in_backward", updatesInBackward, "train.on_nan", [](const RunConfig& c) { return c.train.onNan != "stop"; },
     "a step that has begun to update cannot be left out", "Set train.on_nan to stop, or memory.optimizer_in_backward to false."},
};

std::string shown(std::string value) { return value.empty() ? "empty" : std::move(value); }

/// "train.weights: bf16 weights need bf16 arithmetic: bf16, train.precision is fp32. ..."
void refuseExcluded(const RunConfig& config, std::vector<Failure>& all) {
    for (const Exclusion& each : kExclusions) {
        if (!each.when(config) || !each.against(config)) continue;
        all.push_back({Code::Cfg17, std::string(each.field), std::string(each.problem), text(find(each.field)->read(config)),
                       fmt::format("{} is {}", each.other, shown(text(find(each.other)->read(config)))), std::string(each.remedy)});
    }
}

std::optional<int> cudaNumber(const std::string& device) {
    if (!device.starts_with("cuda:")) return std::nullopt;
    int number = 0;
    const auto [end, error] = std::from_chars(device.data() + 5, device.data() + device.size(), number);
    return error == std::errc{} ? number : std::numeric_limits<int>::max();
}

std::string present(const Machine& machine) {
    if (machine.cudaDevices == 0) return "cpu is here. " + machine.whyNoCuda;
    if (machine.cudaDevices == 1) return "cpu and cuda:0 are here";
    return fmt::format("cpu and cuda:0 to cuda:{} are here", machine.cudaDevices - 1);
}

}  // namespace

std::vector<Failure> faults(const RunConfig& config) {
    std::vector<Failure> all;
    for (const Field& field : fields())
        if (auto fault = field.check(field.read(config))) all.push_back(std::move(*fault));
    if (!all.empty()) return all;
    if (auto fault = batchFault(config.train)) all.push_back(std::move(*fault));
    if (auto fault = sideFault(config.data)) all.push_back(std::move(*fault));
    refuseExcluded(config, all);
    return all;
}

std::vector<Failure> questions(const RunConfig& config) {
    std::vector<Failure> all;
    for (const Field& field : fields()) {
        const Value value = field.read(config);
        const auto* number = std::get_if<double>(&value);
        if (!number || *number <= field.askAbove || !field.isRelevant(config)) continue;
        all.push_back({Code::Cfg16, std::string(field.path), "unusually large", text(value),
                       fmt::format("up to {} is usual", field.askAbove), {}});
    }
    return all;
}

std::vector<Failure> faultsOn(const RunConfig& config, const Machine& machine) {
    const auto number = cudaNumber(config.device);
    if (!number || *number < machine.cudaDevices) return {};
    return {{Code::Cfg14, "device", "not here", config.device, present(machine), "Use auto to take what is there."}};
}

std::string resolvedDevice(const RunConfig& config, const Machine& machine) {
    if (config.device != "auto") return config.device;
    return machine.cudaDevices > 0 ? "cuda:0" : "cpu";
}

std::string modelName(std::string_view arch, std::string_view file) {
    return file.empty() ? std::string(arch) : std::filesystem::path(file).stem().string();
}

std::filesystem::path offloadFolder(const RunConfig& config, const std::filesystem::path& own) {
    return config.memory.offloadFolder.empty() ? own : std::filesystem::path(config.memory.offloadFolder);
}

void makePathsAbsolute(RunConfig& config, const std::filesystem::path& folder) {
    for (const Field& field : fields()) {
        if (field.type != Type::Path) continue;
        const std::string stated = text(field.read(config));
        if (stated.empty() && !field.required) continue;
        std::filesystem::path path = (folder / stated).lexically_normal();
        if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
        field.write(config, path.string());
    }
}

}  // namespace headroom::config
