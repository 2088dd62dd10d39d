// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "base/config/document.h"
#include "base/config/fields.h"
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
    if (all.empty())
        if (auto fault = batchFault(config.train)) all.push_back(std::move(*fault));
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

void makeDataPathAbsolute(RunConfig& config, const std::filesystem::path& folder) {
    std::filesystem::path path = (folder / config.data.path).lexically_normal();
    if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
    config.data.path = path.string();
}

}  // namespace headroom::config
