// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "cli/commands.h"
#include "cli/session.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string run;
    std::string prompt = "\n";
    std::string weights = "last";
    std::int64_t tokens = 200, topK = 0, seed = 1;
    double temperature = 0.8;
};

int generate(const Session& session, const Options& options) {
    const Chosen chosen = choose(session, options.run);
    if (!session.json) printText(options.prompt);
    const auto told = [&session](const Json& line) {
        if (session.json) return printLine(line);
        if (const auto text = line.find("text"); text != line.end()) printText(text->get<std::string>());
    };
    const WorkerAnswer answer = callWorker(
        session,
        {"generate", "--run", chosen.run.path().string(), "--prompt", options.prompt, "--tokens", std::to_string(options.tokens),
         "--temperature", fmt::format("{}", options.temperature), "--top-k", std::to_string(options.topK), "--seed",
         std::to_string(options.seed), "--weights", options.weights},
        told);
    if (answer.isRefusal()) return refusal(answer);
    if (session.json) return answer.status;
    printText("\n");
    const double seconds = answer.document.value("seconds", 0.0);
    const auto made = answer.document.value("tokens", std::int64_t{0});
    if (seconds > 0) note(session, fmt::format("{} tokens, {:.0f} a second.", made, static_cast<double>(made) / seconds));
    return answer.status;
}

}  // namespace

void addGenerate(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("generate", "Let a run's model go on with a text");
    command->add_option("run", options->run, "Id, its beginning, or name")->required();
    command->add_option("--prompt", options->prompt, "What it goes on with (default: a line's end)");
    command->add_option("--tokens", options->tokens, "How many tokens")->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
    command->add_option("--temperature", options->temperature, "Divides the logits; 0 takes the likeliest token each time")->check(CLI::Range(0.0, 100.0));
    command->add_option("--top-k", options->topK, "Only the likeliest so many tokens; 0 is all")->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 31));
    command->add_option("--seed", options->seed, "Start of the draws")->check(CLI::NonNegativeNumber);
    command->add_option("--weights", options->weights, "Which weights")->check(CLI::IsMember({"last", "best"}));
    command->callback([options, &session] { session.run = [options, &session] { return generate(session, *options); }; });
}

}  // namespace headroom::cli
