// SPDX-License-Identifier: Apache-2.0
// Time of a token with and without the cache of keys and values, on the same text in turn: bench_generate gpt_mini|gpt PROMPT TOKENS
// [THREADS [VOCABULARY [CONTEXT]]]. With one thread the processor time is taken, which other programs do not disturb. A line of JSON.
#include <ATen/Parallel.h>
#include <ATen/ops/argmax.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "engine/deploy/next_token.h"
#include "engine/tensor/memory.h"

namespace {

using namespace headroom;
using deploy::NextToken;

/// Milliseconds; of the processor with one thread, else of the wall.
double now() {
    timespec time{};
    clock_gettime(at::get_num_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}

deploy::TrainedModel untrained(const std::string& arch, std::int64_t vocabulary, std::int64_t context) {
    config::RunConfig config;
    config.model.arch = arch;
    deploy::TrainedModel trained{store::RunFolder("bench"), config, {}, nullptr, 0, {}, {}};
    trained.dataset.shape = {.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = vocabulary, .context = context};
    trained.model = std::make_unique<train::Model>(config, trained.dataset.shape, at::kCPU);
    return trained;
}

struct Timed {
    NextToken next;
    std::vector<double> ms;

    at::Tensor logits(std::span<const std::int32_t> text) {
        const double begin = now();
        at::Tensor made = next.logits(text);
        ms.push_back(now() - begin);
        return made;
    }
    /// Those after the first, which computes the prompt either way.
    double token() const { return median({ms.begin() + 1, ms.end()}); }
};

Bytes activations() { return tensor::memoryCounts().live[static_cast<std::size_t>(plan::Kind::Activations)]; }

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    tensor::installAllocator();
    const auto number = [&](int at, std::int64_t fallback) { return argc > at ? std::atoll(argv[at]) : fallback; };
    at::set_num_threads(static_cast<int>(number(4, 1)));
    const bool isMini = std::string(argv[1]) == "gpt_mini";
    const std::int64_t prompt = number(2, 1), tokens = number(3, 1), vocabulary = number(5, isMini ? 65 : 50257), context = number(6, isMini ? 128 : 1024);
    const deploy::TrainedModel trained = untrained(argv[1], vocabulary, context);
    Timed cached{NextToken(trained), {}}, plain{NextToken(trained, NextToken::Cache::None), {}};
    std::vector<std::int32_t> ids;
    for (std::int64_t i = 0; i < prompt; ++i) ids.push_back(static_cast<std::int32_t>(i * i % vocabulary));
    NextToken(trained, NextToken::Cache::None).logits(ids);  // what libraries set up at their first call
    const Bytes before = activations();
    Bytes cache = 0;
    for (std::int64_t k = 0; k <= tokens; ++k) {
        const auto next = static_cast<std::int32_t>(cached.logits(ids).argmax().item<std::int64_t>());
        cache = std::max(cache, activations() - before);
        plain.logits(ids);
        ids.push_back(next);
    }
    std::printf("%s\n", nlohmann::json{{"net", argv[1]}, {"prompt", prompt}, {"tokens", tokens}, {"threads", at::get_num_threads()}, {"prompt_ms", plain.ms.front()},
                                       {"prompt_cached_ms", cached.ms.front()}, {"plain_ms", plain.token()}, {"cached_ms", cached.token()}, {"cache_bytes", cache}}
                            .dump().c_str());
    return 0;
}
