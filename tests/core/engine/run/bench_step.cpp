// SPDX-License-Identifier: Apache-2.0
// Times of a training step without loader and optimizer, and of every operator in it: bench_step NET BATCH fp32|bf16
// [STEPS [THREADS [unfused|chunked]]]. With one thread the processor time is taken, which other programs do not disturb.
// With BY_NODE in the environment every node has its line.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

#include "base/process/processor.h"
#include "core/engine/run/nets.h"
#include "engine/run/simd/simd.h"
#include "engine/tensor/memory.h"

namespace {

using namespace headroom;
/// Milliseconds; of the processor with one thread, else of the wall.
double now() {
    timespec time{};
    clock_gettime(at::get_num_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}
double msSince(double begin) { return now() - begin; }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

struct Shares {
    std::map<std::string, double> ms;
    double last = 0;
};

void profile(run::Executor& executor, const graph::Graph& graph, const plan::Program& program, run::TensorSet& tensors,
             const std::vector<at::Tensor>& inputs, bool byNode) {
    Shares shares;
    constexpr int kSteps = 10;
    for (int step = 0; step < kSteps; ++step) {
        shares.last = now();
        executor.run(program, tensors, inputs, {1, step, {}}, 1, [&](std::size_t i) {
            const plan::Instruction& instruction = program.instructions[i];
            const bool back = instruction.what == plan::Instruction::What::Backward;
            const graph::Node& node = graph.node(instruction.node);
            shares.ms[std::string(byNode ? node.name : node.op->name) + (back ? " backward" : "")] += msSince(shares.last) / kSteps;
            shares.last = now();
        });
    }
    std::vector<std::pair<double, std::string>> sorted;
    for (const auto& [name, ms] : shares.ms) sorted.emplace_back(ms, name);
    std::ranges::sort(sorted, std::greater());
    for (const auto& [ms, name] : sorted) std::printf("  %9.3f ms  %s\n", ms, name.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    tensor::installAllocator();
    at::set_num_threads(argc > 5 ? std::atoi(argv[5]) : 2);
    const std::string form = argc > 6 ? argv[6] : "";
    test::Net net = test::makeNet(argv[1], std::atoll(argv[2]), false);
    if (form == "chunked") net = test::withChunkedLoss(std::move(net));
    const bool low = std::string(argv[3]) == "bf16";
    const int steps = argc > 4 ? std::atoi(argv[4]) : 30;
    const graph::Graph& graph = form == "unfused" ? net.unfused : net.graph;
    const plan::Program program = test::lowered(net, graph, low ? plan::Precision::Bf16 : plan::Precision::Fp32);
    run::TensorSet tensors = test::initialised(graph);
    const std::vector<at::Tensor> inputs = test::madeUpInputs(net, graph, program);
    run::Executor executor(graph);
    std::vector<double> times;
    for (int step = 0; step < steps; ++step) {
        const double begin = now();
        executor.run(program, tensors, inputs, {1, step, {}}, 1.0 / static_cast<double>(std::atoll(argv[2])));
        times.push_back(msSince(begin));
    }
    const auto counts = tensor::memoryCounts();
    std::printf("%s %s batch %s: median %.3f ms, best %.3f, first %.3f; peak %.1f MB, reserved %.1f MB; %s, bf16 %s\n", argv[1],
                argv[3], argv[2], median(times), *std::ranges::min_element(times), times[0],
                static_cast<double>(counts.peakTotal) / 1e6, static_cast<double>(counts.reserved) / 1e6,
                run::simd::tables().name, process::hasNativeBf16() ? "native" : "emulated");
    profile(executor, graph, program, tensors, inputs, std::getenv("BY_NODE") != nullptr);
    return 0;
}
