// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/units/units.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/print.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

std::string runsTable(const std::vector<store::RunSummary>& runs) {
    std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATE", "EPOCH", "STEP", "METRICS", "TIME"}};
    for (const store::RunSummary& run : runs)
        rows.push_back({run.id, escaped(run.name), std::string(store::word(run.state)), fmt::format("{:.2f}", run.progress.epoch),
                        grouped(run.progress.step), metricsText(run), readableDuration(run.wallSeconds)});
    return table(rows);
}

int list(const Session& session, bool all) {
    const store::Home home = session.home();
    std::vector<store::RunSummary> runs = store::Catalogue(session.project()).list(home);
    if (!all) std::erase_if(runs, [](const store::RunSummary& run) { return run.trashed; });
    if (!session.json) {
        if (runs.empty()) note(session, "No runs yet. Start one: headroom train sample");
        if (!runs.empty()) printText(runsTable(runs));
        return 0;
    }
    Json document = Json::array();
    for (const store::RunSummary& run : runs) document.push_back(describe(run));
    print(document);
    return 0;
}

}  // namespace

void addRuns(CLI::App& app, Session& session) {
    auto all = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand("runs", "List the runs of the project, newest first");
    command->add_flag("-a,--all", *all, "Also those in the trash");
    command->callback([all, &session] { session.run = [all, &session] { return list(session, *all); }; });
}

}  // namespace headroom::cli
