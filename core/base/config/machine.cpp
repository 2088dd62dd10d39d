// SPDX-License-Identifier: Apache-2.0
#include "base/config/machine.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/telemetry/sampler.h"

namespace headroom::config {
namespace {

bool moduleIsHere() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    return !error && std::filesystem::exists(program.parent_path() / "headroom_cuda.so", error);
}

/// How many devices CUDA_VISIBLE_DEVICES leaves of `present`: as CUDA does, the list ends at the first that is none.
int visible(int present) {
    const char* chosen = std::getenv("CUDA_VISIBLE_DEVICES");
    if (!chosen) return present;
    std::string_view list(chosen);
    int count = 0;
    while (!list.empty() && list.front() != '-' && count < present) {
        ++count;
        const std::size_t comma = list.find(',');
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return count;
}

}  // namespace

Machine thisMachine() {
    Machine machine;
    machine.cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    if (!moduleIsHere()) {
        machine.whyNoCuda = "This build has no CUDA module.";
        return machine;
    }
    const telemetry::Reading reading = telemetry::Sampler().read();
    const int present = static_cast<int>(reading.gpus.size());
    machine.cudaDevices = visible(present);
    if (machine.cudaDevices == 0)
        machine.whyNoCuda = present > 0 ? "CUDA_VISIBLE_DEVICES hides every GPU." : reading.gpuReason;
    return machine;
}

}  // namespace headroom::config
