// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "base/config/document.h"
#include "base/store/create_run.h"
#include "cli/commands.h"
#include "cli/locate.h"
#include "cli/print.h"
#include "cli/remove_run.h"
#include "cli/start.h"
#include "cli/watch.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string config;
    std::vector<std::string> overrides;
    std::string name;
    bool detach = false;
};

/// What can be told of the data without opening it, so that no run has to be made for it.
void checkDataPath(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    const auto refuse = [&](std::string problem) {
        throw Error(Failure{Code::Dat04, "data.path", std::move(problem), escaped(path.string()), {},
                            "Name a folder or a file with training data."});
    };
    if (!std::filesystem::exists(status)) refuse("there is nothing");
    if (!std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status))
        refuse("neither a regular file nor a folder");
}

config::RunConfig configured(const Session& session, const Options& options) {
    config::RunConfig config = config::load(configFile(options.config), options.overrides);
    if (!options.name.empty()) config.name = options.name;
    confirm(session, config);
    refuseManyProcesses();
    checkDataPath(config.data.path);
    return config;
}

/// A run that cannot even be queued must not stay behind.
void enqueueOrForget(const Chosen& chosen, const std::string& device) {
    try {
        enqueue(chosen, device, store::StartMode::Start);
    } catch (const Error&) {
        removeRun(chosen);
        throw;
    }
}

int train(const Session& session, const Options& options) {
    const config::RunConfig config = configured(session, options);
    const std::string device = deviceOf(config);
    store::Home home = session.home();
    store::Project project = session.projectToWrite();
    const store::RunId id = store::createRun(project, config::toJson(config), {config.name, {}, {}});
    const Chosen chosen{std::move(home), project, project.run(id)};
    enqueueOrForget(chosen, device);
    announce(session, chosen, config.name);
    if (!options.detach) return watch(session, chosen, {device, 0, Role::Starter}, Origin::Fresh);
    if (!session.json) printText(id + "\n");
    return 0;
}

}  // namespace

void addTrain(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("train", "Train as a configuration says; \"sample\" trains the handwritten digits");
    command->add_option("config", options->config, "Configuration file, or sample")->required();
    command->add_option("--set", options->overrides, "Override a field: train.epochs=3 (can be repeated)")
        ->take_all()->allow_extra_args(false);
    command->add_option("--name", options->name, "Name of the run");
    command->add_flag("--detach", options->detach, "Print the run's id and return at once");
    command->callback([options, &session] { session.run = [options, &session] { return train(session, *options); }; });
}

}  // namespace headroom::cli
