// SPDX-License-Identifier: Apache-2.0
// Memory of whole optimizer steps, planned and measured, one case a process:
//   bench_memory NET BATCH [parts=N] [steps=N] [FIELD=VALUE ...]
// with fields of train and memory as `headroom train --set` takes them. Prints one JSON object in bytes and seconds: planned and
// counted peak of the tensors, planned and measured growth of the process over the same program warmed by a small step, the
// median step.
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/config/fields.h"
#include "base/plan/pool_model.h"
#include "base/plan/process_peak.h"
#include "base/process/high_water.h"
#include "base/process/processor.h"
#include "core/engine/run/whole_step.h"
#include "engine/tensor/memory.h"

namespace {

using namespace headroom;
using Options = test::WholeStep::Options;

struct Case {
    Options options;
    int steps = 2;
};

Case parsed(int argc, char** argv) {
    Case which;
    which.options.net = argv[1];
    which.options.batch = std::atoll(argv[2]);
    config::RunConfig config;
    for (int i = 3; i < argc; ++i) {
        const std::string word = argv[i], name = word.substr(0, word.find('=')), value = word.substr(word.find('=') + 1);
        if (name == "parts")
            which.options.microBatches = std::stoll(value);
        else if (name == "steps")
            which.steps = std::stoi(value);
        else
            config::set(config, name, value);
    }
    which.options.train = config.train;
    which.options.memory = config.memory;
    return which;
}

/// Median seconds of the steps after the first.
double trained(test::WholeStep& step, int steps) {
    std::vector<double> seconds;
    for (int i = 0; i < steps; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        step.passes(i);
        step.update();
        if (i > 0) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::ranges::sort(seconds);
    return seconds[seconds.size() / 2];
}

void warmUp(Options options) {
    options.batch = options.microBatches = 1;
    options.small = true;
    {
        test::WholeStep step(options);
        trained(step, 2);
    }
    tensor::trimMemory();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    tensor::installAllocator();
    at::set_num_threads(process::computeThreads());
    const Case which = parsed(argc, argv);
    warmUp(which.options);
    const process::MemoryGrowth growth;
    tensor::resetPeak();
    const Bytes live = tensor::memoryCounts().liveTotal;
    const Bytes reserved = tensor::memoryCounts().reserved;
    test::WholeStep step(which.options);
    const double seconds = trained(step, std::max(2, which.steps));
    const nlohmann::json result = {{"planned", step.planned().peak},
                                   {"counted", tensor::memoryCounts().peakTotal - live},
                                   {"reserved", tensor::memoryCounts().reserved - reserved},
                                   {"reserved_planned", plan::poolPeak(step.planned())},
                                   {"process_planned", plan::processPeak(step.net().graph, step.planned(), graph::DeviceKind::Cpu)},
                                   {"process", growth.most()},
                                   {"step_s", seconds}};
    std::printf("%s\n", result.dump().c_str());
    return 0;
}
