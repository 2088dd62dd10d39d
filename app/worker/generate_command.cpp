// SPDX-License-Identifier: Apache-2.0
// generate --run FOLDER --prompt TEXT --tokens N --temperature T --top-k K --seed S [--weights last|best]
// A line {"text":"..."} for every token, then {"tokens":n,"seconds":s}.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "base/errors/error.h"
#include "engine/deploy/generator.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "worker/answer.h"
#include "worker/commands.h"

namespace headroom::worker {
namespace {

template <typename Number>
Number numberOf(const Arguments& arguments, const std::string& name, Number (*parse)(const std::string&)) {
    const std::string text = requiredOption(arguments, name);
    try {
        return parse(text);
    } catch (const std::exception&) {
        throw Error(Failure{Code::Cli01, "headroom-worker", "an option is no number", name + " " + text, {}, {}});
    }
}

deploy::GenerateOptions optionsOf(const Arguments& arguments) {
    const auto whole = +[](const std::string& text) { return static_cast<std::int64_t>(std::stoll(text)); };
    const auto real = +[](const std::string& text) { return std::stod(text); };
    deploy::GenerateOptions options;
    options.prompt = option(arguments, "--prompt");
    options.tokens = numberOf(arguments, "--tokens", whole);
    options.temperature = numberOf(arguments, "--temperature", real);
    options.topK = numberOf(arguments, "--top-k", whole);
    options.seed = static_cast<std::uint64_t>(numberOf(arguments, "--seed", whole));
    return options;
}

/// False where nobody reads any more.
bool told(std::string_view text) {
    fmt::print("{}\n", nlohmann::json{{"text", text}}.dump());
    return std::fflush(stdout) == 0;
}

}  // namespace

int generateCommand(const Arguments& arguments) {
    return answer([&arguments] {
        using Clock = std::chrono::steady_clock;
        tensor::installAllocator();
        train::setComputeThreads();
        const deploy::Weights weights = option(arguments, "--weights") == "best" ? deploy::Weights::Best : deploy::Weights::Last;
        const deploy::GenerateOptions options = optionsOf(arguments);
        const deploy::TrainedModel trained = deploy::openTrained(store::RunFolder(requiredOption(arguments, "--run")), weights);
        const Clock::time_point begin = Clock::now();
        const std::int64_t made = deploy::generate(trained, options, told);
        return nlohmann::json{{"tokens", made}, {"seconds", std::chrono::duration<double>(Clock::now() - begin).count()}};
    });
}

}  // namespace headroom::worker
