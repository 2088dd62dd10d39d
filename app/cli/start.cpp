// SPDX-License-Identifier: Apache-2.0
#include "cli/start.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iostream>

#include "base/config/document.h"
#include "base/config/machine.h"
#include "base/process/launch.h"
#include "base/units/units.h"
#include "cli/print.h"

namespace headroom::cli {
namespace {

bool canAsk(const Session& session) {
    return !session.noInput && !session.json && isatty(STDIN_FILENO) == 1 && errorIsTerminal();
}

bool answeredYes() {
    fmt::print(stderr, "Go on? [y/N] ");
    std::fflush(stderr);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

void enqueue(const Chosen& chosen, const std::string& device, store::StartMode mode) {
    store::Queue(chosen.home).enqueue(chosen.run, device, mode);
    process::launchWorker(chosen.home.path(), device);
}

std::string deviceOf(const config::RunConfig& config) {
    if (config.device == "cpu") return config.device;  // no look at the machine: this is on the way to the first step
    const config::Machine machine = config::thisMachine();
    if (auto faults = config::faultsOn(config, machine); !faults.empty()) throw Error(std::move(faults));
    return config::resolvedDevice(config, machine);
}

void refuseManyProcesses() {
    const char* asked = std::getenv("WORLD_SIZE");
    if (!asked) return;
    const std::string_view text(asked);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number == 1) return;
    throw Error(Failure{Code::Cfg13, "WORLD_SIZE", "too many processes", escaped(text), "1 allowed: a run is one process here",
                        "Start headroom without a launcher, or unset WORLD_SIZE."});
}

void confirm(const Session& session, const config::RunConfig& config) {
    std::vector<Failure> open = config::questions(config);
    if (open.empty()) return;
    if (session.yes) {
        for (const Failure& question : open) note(session, question.sentence());
        return;
    }
    if (canAsk(session)) {
        for (const Failure& question : open) fmt::print(stderr, "{}\n", question.sentence());
        if (answeredYes()) return;
    }
    for (Failure& question : open) question.remedy = "Add --yes if you mean it.";
    throw Error(std::move(open));
}

}  // namespace headroom::cli
