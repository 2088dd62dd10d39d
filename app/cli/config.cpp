// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "base/config/document.h"
#include "cli/commands.h"
#include "cli/locate.h"
#include "cli/print.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string config;
    std::vector<std::string> overrides;
    bool differences = false;
    bool reference = false;
};

int show(const Session& session, const Options& options) {
    if (options.reference) {
        printText(config::referencePage());
        return 0;
    }
    if (options.config.empty())
        throw Error(Failure{Code::Cli01, "headroom config", "no configuration is named", {}, {}, "Name a file, or sample."});
    const config::RunConfig config = config::load(configFile(options.config), options.overrides);
    printText(options.differences ? config::toShortJson(config) : config::toJson(config));
    for (const Failure& question : config::questions(config)) note(session, question.sentence());
    return 0;
}

}  // namespace

void addConfig(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("config", "Print a configuration as it will run, every field of it");
    command->add_option("config", options->config, "Configuration file, or sample");
    command->add_option("--set", options->overrides, "Override a field: train.epochs=3 (can be repeated)")
        ->take_all()->allow_extra_args(false);
    command->add_flag("--short", options->differences, "Only what differs from the defaults");
    command->add_flag("--reference", options->reference, "Print the reference page of all fields instead");
    command->callback([options, &session] { session.run = [options, &session] { return show(session, *options); }; });
}

}  // namespace headroom::cli
