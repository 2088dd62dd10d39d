// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/readable_json.h"
#include "cli/session.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

struct Options {
    std::filesystem::path model;
    std::filesystem::path data;
    std::string run;
};

int verify(const Session& session, const Options& options) {
    std::vector<std::string> arguments{"verify", "--model", std::filesystem::absolute(options.model).string()};
    if (!options.data.empty()) arguments.insert(arguments.end(), {"--data", std::filesystem::absolute(options.data).string()});
    if (!options.run.empty()) arguments.insert(arguments.end(), {"--run", choose(session, options.run).run.path().string()});
    return tell(session, callWorker(session, arguments), readableJson);
}

}  // namespace

void addVerify(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("verify", "Run an exported file in another runtime and measure it on data");
    command->add_option("file", options->model, "Exported model, ONNX")->required();
    command->add_option("--data", options->data, "Data to measure on: the run's own, or new data of the same form")->required();
    command->add_option("--run", options->run, "Also compare with the run that it came from");
    command->callback([options, &session] { session.run = [options, &session] { return verify(session, *options); }; });
}

}  // namespace headroom::cli
