// SPDX-License-Identifier: Apache-2.0
// Memory of whole optimizer steps, planned and measured, one case a process:
//   bench_memory NET BATCH fp32|bf16 sgd|adamw [MICROBATCHES [off|cheap|blocks]]
// prints one JSON object in bytes: planned and counted peak of the tensors, planned and measured growth of the process over
// the same program warmed by a small step.
#include <ATen/Parallel.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/plan/cpu_model.h"
#include "base/plan/pool_model.h"
#include "base/plan/process_peak.h"
#include "base/process/high_water.h"
#include "base/process/processor.h"
#include "core/engine/run/nets.h"
#include "engine/tensor/memory.h"
#include "engine/train/optimizer.h"

namespace {

using namespace headroom;

struct Case {
    std::string net;
    std::int64_t batch;
    plan::StepOptions options;
    std::string optimizer;
};

plan::Recompute recompute(const std::string& word) {
    if (word == "cheap") return plan::Recompute::Cheap;
    return word == "blocks" ? plan::Recompute::Blocks : plan::Recompute::Off;
}

/// `steps` optimizer steps; the plan of one.
plan::StepPlan trained(const Case& which, int steps) {
    const test::Net net = test::makeNet(which.net, which.batch, which.batch == 1);
    plan::StepOptions options = which.options;
    options.extents = net.extents;
    plan::StepPlan planned = plan::plan(net.graph, options);
    run::TensorSet tensors = test::initialised(net.graph);
    std::vector<train::Parameter> parameters;
    for (const graph::ValueId id : net.graph.parameters())
        parameters.push_back({net.graph.value(id).name, tensors.values[static_cast<std::size_t>(id)]});
    const auto optimizer = train::makeOptimizer({.name = which.optimizer, .momentum = 0.9}, parameters);
    run::Executor executor(net.graph);
    for (int step = 0; step < steps; ++step) {
        for (std::int64_t micro = 0; micro < options.microBatches; ++micro) {
            const plan::Program& program = micro == 0 ? planned.first : planned.next;
            executor.run(program, tensors, test::madeUpInputs(net, net.graph, program), {1, step, {}}, 1.0 / static_cast<double>(which.batch));
        }
        std::vector<at::Tensor> gradients;
        for (const graph::ValueId id : net.graph.parameters()) gradients.push_back(tensors.gradients[static_cast<std::size_t>(id)]);
        optimizer->step(gradients, 1e-3);
        gradients.clear();
        for (at::Tensor& gradient : tensors.gradients) gradient.reset();
    }
    return planned;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    tensor::installAllocator();
    at::set_num_threads(process::computeThreads());
    Case which{argv[1], std::atoll(argv[2]), {}, argv[4]};
    which.options.precision = std::string(argv[3]) == "bf16" ? plan::Precision::Bf16 : plan::Precision::Fp32;
    which.options.emulatesBf16 = !process::hasNativeBf16();
    which.options.threads = process::computeThreads();
    which.options.optimizer = which.optimizer == "sgd" ? plan::OptimizerState::OneMoment : plan::OptimizerState::TwoMoments;
    Case warm = which;
    warm.batch = 1;
    trained(warm, 2);
    tensor::trimMemory();
    if (argc > 5) which.options.microBatches = std::atoll(argv[5]);
    if (argc > 6) which.options.recompute = recompute(argv[6]);
    which.batch /= which.options.microBatches;
    process::resetHighWaterMark();
    tensor::resetPeak();
    const Bytes resident = process::highWaterMark(), live = tensor::memoryCounts().liveTotal;
    const Bytes reserved = tensor::memoryCounts().reserved;
    const plan::StepPlan planned = trained(which, 2);
    const nlohmann::json result = {{"planned", planned.peak},
                                   {"counted", tensor::memoryCounts().peakTotal - live},
                                   {"reserved", tensor::memoryCounts().reserved - reserved},
                                   {"reserved_planned", plan::poolPeak(planned)},
                                   {"process_planned", plan::processPeak(test::makeNet(which.net, which.batch, false).graph, planned, plan::thisCpu())},
                                   {"process", process::highWaterMark() - resident}};
    std::printf("%s\n", result.dump().c_str());
    return 0;
}
