// SPDX-License-Identifier: Apache-2.0
#include "prover/latency.h"

#include <algorithm>
#include <numeric>

#include "base/units/percentile.h"

namespace headroom::prover {
namespace {

constexpr std::size_t kFewest = 10, kMost = 300;
constexpr int kWarmUp = 20;
constexpr double kWarmUpMs = 500, kLongestMs = 2000;

double runOnce(ov::InferRequest& inference, const Feed& feed, std::int64_t run, std::int64_t batch) {
    feed(inference, run, batch);
    const Clock::time_point start = Clock::now();
    inference.infer();
    return millisecondsSince(start);
}

Latency measure(ov::CompiledModel& compiled, const Feed& feed, std::int64_t batch) {
    ov::InferRequest inference = compiled.create_infer_request();
    std::int64_t run = 0;
    runOnce(inference, feed, run++, batch);
    requireAnswer(inference);
    for (const Clock::time_point begin = Clock::now(); run < kWarmUp && millisecondsSince(begin) < kWarmUpMs; ++run)
        runOnce(inference, feed, run, batch);
    std::vector<double> times;
    const Clock::time_point begin = Clock::now();
    while (times.size() < kMost && (times.size() < kFewest || millisecondsSince(begin) < kLongestMs))
        times.push_back(runOnce(inference, feed, run++, batch));
    std::ranges::sort(times);
    const double sum = std::accumulate(times.begin(), times.end(), 0.0);
    return {batch, compiled.get_property(ov::inference_num_threads), static_cast<std::int64_t>(times.size()), percentile(times, 50), percentile(times, 90),
            percentile(times, 99), 1000 * static_cast<double>(batch) * static_cast<double>(times.size()) / sum};
}

}  // namespace

void requireAnswer(ov::InferRequest& inference) {
    const ov::CompiledModel model = inference.get_compiled_model();
    bool isEmpty = false;
    for (std::size_t k = 0; k < model.outputs().size(); ++k) isEmpty = isEmpty || inference.get_output_tensor(k).get_size() == 0;
    if (!isEmpty) return;
    std::size_t fed = 0;
    for (std::size_t k = 0; k < model.inputs().size(); ++k) fed += inference.get_input_tensor(k).get_byte_size();
    const ov::Tensor again(ov::element::u8, {fed});
}

std::vector<Latency> measureLatencies(OpenedModel& model, const std::vector<std::int64_t>& batches, const Feed& feed) {
    ov::CompiledModel single = model.compiledFor(1);
    std::vector<Latency> latencies;
    for (const std::int64_t batch : batches) {
        latencies.push_back(measure(single, feed, batch));
        if (model.request().threads != 1) latencies.push_back(measure(model.compiled(), feed, batch));
    }
    return latencies;
}

}  // namespace headroom::prover
