// SPDX-License-Identifier: Apache-2.0
#include "engine/train/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <fstream>
#include <limits>

#include "base/process/available_memory.h"
#include "base/process/processor.h"

namespace headroom::train {
namespace {

std::string cpuModel() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

}  // namespace

nlohmann::json environment(const at::Device& device, const std::string& precision, int world) {
    return {{"headroom", HEADROOM_VERSION},        {"torch", TORCH_VERSION},
            {"cpu", cpuModel()},                   {"instructions", at::get_cpu_capability()},
            {"threads", at::get_num_threads()},    {"device", device.str()},
            {"precision", precision},              {"world_size", world}};
}

std::vector<std::string> differences(const nlohmann::json& before, const nlohmann::json& now) {
    std::vector<std::string> found;
    for (const auto& [key, value] : now.items()) {
        if (key == "headroom" || !before.contains(key) || before[key] == value) continue;
        const auto shown = [](const nlohmann::json& json) { return json.is_string() ? json.get<std::string>() : json.dump(); };
        found.push_back(fmt::format("{} {}, was {}", key, shown(value), shown(before[key])));
    }
    return found;
}

Bytes availableMemory(graph::DeviceKind device) {
    return device == graph::DeviceKind::Cuda ? std::numeric_limits<Bytes>::max() : process::availableMemory();
}

void setComputeThreads() { at::set_num_threads(process::computeThreads()); }

}  // namespace headroom::train
