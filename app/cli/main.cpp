// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/errors/error.h"
#include "base/process/launch.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace {

using namespace headroom;
using namespace headroom::cli;

constexpr const char* kExitCodes =
    "Exit status: 0 ok, 1 failure, 2 usage, 3 configuration or data refused, 4 no such run or project, 5 out of memory,\n"
    "6 training diverged, 7 export verification failed, 8 worker crashed, 75 busy (try again), 130 interrupted, 143\n"
    "terminated (a checkpoint was written first).\n";

void declare(CLI::App& app, Session& session) {
    app.name("headroom");
    app.fallthrough();  // before the commands: they inherit it
    app.set_version_flag("--version", "headroom " HEADROOM_VERSION);
    app.add_flag("--json", session.json, "Print results as JSON on standard output");
    app.add_flag("-q,--quiet", session.quiet, "No progress and no notes on standard error");
    app.add_flag("-v,--verbose", session.verbose, "More on standard error");
    app.add_flag("--no-color", session.noColor, "No colours (also: NO_COLOR)");
    app.add_flag("--no-input", session.noInput, "Never ask");
    app.add_flag("-y,--yes", session.yes, "Answer every question with yes");
    app.add_option("--data-dir", session.dataDir, "Folder of everything that is ours (also: HEADROOM_HOME)");
    app.add_option("--project", session.projectDir, "Project folder (also: HEADROOM_PROJECT)");
    for (const auto add : {addPlan, addTrain, addResume, addPause, addStop, addRuns, addShow, addMetrics, addModels, addModel, addExport, addVerify, addBench,
                           addPredict, addGenerate, addConfig, addDoctor})
        add(app, session);
    app.require_subcommand(1);
    app.footer(kExitCodes);
}

int usage(const CLI::App& app, const CLI::ParseError& error) {
    const int status = app.exit(error, std::cout, std::cerr);
    return status == 0 ? 0 : static_cast<int>(Exit::Usage);
}

}  // namespace

int main(int argc, char** argv) {
    process::shortenSpinning();
    Session session;
    CLI::App app("Train, compare and ship models on one workstation.");
    try {
        declare(app, session);
        app.parse(argc, argv);
        const int status = session.run();
        return flushed() ? status : static_cast<int>(Exit::Failure);
    } catch (const CLI::ParseError& error) {
        return usage(app, error);
    } catch (const Error& error) {
        return report(session, error);
    } catch (const std::exception& error) {
        return report(session, Error(Failure{Code::Int01, "headroom", "it cannot go on", escaped(error.what()), {},
                                             "Please report this with the command that you gave."}));
    }
}
