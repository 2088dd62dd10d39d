// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "base/config/document.h"
#include "base/store/queue.h"
#include "base/store/resume_terms.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/start.h"
#include "cli/watch.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string run;
    bool detach = false;
    bool acceptChangedData = false;
};

double wallTime() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int alreadyFinished(const Session& session, const store::RunSummary& run) {
    note(session, fmt::format("{} is finished already; nothing to do", run.id));
    if (session.json)
        printLine({{"event", "end"}, {"id", run.id}, {"state", store::word(run.state)}, {"metrics", metricsJson(run)},
                   {"reason", run.end ? run.end->reason : std::string{}}, {"weights_sha256", run.weightsSha256}, {"exit", 0}});
    else
        printText(fmt::format("{} finished{}{}\n", run.id, run.metrics.empty() ? "" : ": ", metricsText(run)));
    return 0;
}

/// Live and waiting runs are only watched; all others are queued from where they stopped.
FollowOptions goOn(const Chosen& chosen, const store::RunSummary& run) {
    const double since = store::isLive(run.state) ? 0 : wallTime();
    if (const auto entry = store::Queue(chosen.home).find(chosen.run)) {
        enqueue(chosen, entry->device, entry->mode);  // keeps its entry; sees to a worker
        return {entry->device, since, Role::Onlooker};
    }
    const std::string device = deviceOf(config::load(chosen.run.config()));
    if (store::isLive(run.state)) return {device, since, Role::Onlooker};
    enqueue(chosen, device, store::StartMode::Resume);
    return {device, since, Role::Starter};
}

int resume(const Session& session, const Options& options) {
    const Chosen chosen = choose(session, options.run);
    const store::RunSummary run = look(chosen);
    if (run.state == store::RunState::Finished) {
        announce(session, chosen, run.name);
        return alreadyFinished(session, run);
    }
    refuseManyProcesses();
    if (options.acceptChangedData) store::leaveTerms(chosen.run, {.acceptChangedData = true});
    const FollowOptions follow = goOn(chosen, run);
    announce(session, chosen, run.name);
    if (!options.detach) return watch(session, chosen, follow, Origin::Resumed);
    if (!session.json) printText(run.id + "\n");
    return 0;
}

}  // namespace

void addResume(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("resume", "Go on with a run exactly where it stopped; attach to a live one");
    command->add_option("run", options->run, "Id, its beginning, or name")->required();
    command->add_flag("--detach", options->detach, "Print the run's id and return at once");
    command->add_flag("--accept-changed-data", options->acceptChangedData,
                      "Go on although the data changed since the checkpoint; the result is then another");
    command->callback([options, &session] { session.run = [options, &session] { return resume(session, *options); }; });
}

}  // namespace headroom::cli
