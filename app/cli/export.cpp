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
    std::string run;
    std::string format = "onnx";
    std::string weights = "last";
    std::filesystem::path output;
    bool noVerify = false, preprocess = false;
};

int exportRun(const Session& session, const Options& options) {
    const Chosen chosen = choose(session, options.run);
    std::vector<std::string> arguments{"export",   "--run",     chosen.run.path().string(), "--format", options.format,
                                       "--weights", options.weights};
    if (!options.output.empty())
        arguments.insert(arguments.end(), {"--out", std::filesystem::absolute(options.output).string()});
    if (options.preprocess) arguments.emplace_back("--preprocess");
    if (options.noVerify) arguments.emplace_back("--no-verify");
    return tell(session, callWorker(session, arguments), readableJson);
}

}  // namespace

void addExport(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("export", "Write a run's model to a file and prove it with another runtime");
    command->add_option("run", options->run, "Id, its beginning, or name")->required();
    command->add_option("--format", options->format, "File format; adapter: low-rank updates alone")->check(CLI::IsMember({"onnx", "safetensors", "adapter", "all"}));
    command->add_option("--weights", options->weights, "Which weights")->check(CLI::IsMember({"last", "best"}));
    command->add_option("-o,--output", options->output, "Folder to write to (default: exports in the run's folder)");
    command->add_flag("--preprocess", options->preprocess, "Let the ONNX file prepare samples itself: bytes of pictures, rows of tables");
    command->add_flag("--no-verify", options->noVerify, "Write only");
    command->callback([options, &session] { session.run = [options, &session] { return exportRun(session, *options); }; });
}

}  // namespace headroom::cli
