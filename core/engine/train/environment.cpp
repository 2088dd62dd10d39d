// SPDX-License-Identifier: Apache-2.0
#include "engine/train/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <fmt/format.h>
#include <sched.h>
#include <torch/headeronly/version.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

namespace headroom::train {
namespace {

std::string cpuModel() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

int usableCores() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
    return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
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

void setComputeThreads() {
    int threads = 0;
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {
        const std::string_view view(text);
        std::from_chars(view.data(), view.data() + view.size(), threads);
    }
    at::set_num_threads(threads > 0 ? threads : usableCores());
}

}  // namespace headroom::train
