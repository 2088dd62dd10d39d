// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/ask_worker.h"
#include "cli/commands.h"

namespace headroom::cli {

void addStop(CLI::App& app, Session& session) {
    struct Options {
        std::string run;
        bool noWait = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("stop", "End a run after a checkpoint");
    command->add_option("run", options->run, "Id, its beginning, or name")->required();
    command->add_flag("--no-wait", options->noWait, "Only ask; do not wait until it is done");
    command->callback([options, &session] {
        session.run = [options, &session] {
            return ask(session, options->run, {store::RequestKind::Stop, store::EndState::Finished, !options->noWait});
        };
    });
}

}  // namespace headroom::cli
