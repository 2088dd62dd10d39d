// SPDX-License-Identifier: Apache-2.0
// predict [--run FOLDER] [--model FILE [--runs FOLDER --compare]] [--weights last|best] [--top N] [--masks PATH] -- INPUT...
// --compare: the file beside the run that it names, which lies in --runs, or the run beside the file that it exported
#include <algorithm>
#include <optional>

#include "base/errors/error.h"
#include "engine/deploy/exported_file.h"
#include "engine/deploy/predictor.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/tensor/memory.h"
#include "engine/train/environment.h"
#include "worker/answer.h"
#include "worker/commands.h"

namespace headroom::worker {
namespace {

namespace fs = std::filesystem;

struct Sides {
    std::optional<store::RunFolder> run;
    fs::path file;
};

/// What the run exported last.
fs::path exportedBy(const store::RunFolder& run) {
    for (const char* name : {"model.onnx", "model.unverified.onnx"})
        if (fs::exists(run.exports() / name)) return run.exports() / name;
    throw Error(Failure{Code::Exp03, run.id(), "there is no exported file to compare with", {}, {}, "headroom export writes one."});
}

store::RunFolder runOf(const fs::path& file, const fs::path& runs) {
    const auto metadata = formats::readOnnxMetadata(file);
    const auto id = metadata.find(deploy::kRunKey);
    const std::string name = id == metadata.end() ? std::string() : fs::path(id->second).filename().string();
    if (name.empty() || !fs::exists(runs / name))
        throw Error(Failure{Code::Run01, escaped(file.filename().string()), "the run that it was exported from is not in this project", escaped(name), {}, "Choose its project with --project."});
    return store::RunFolder(runs / name);
}

Sides sidesOf(const Arguments& arguments) {
    Sides sides;
    if (const std::string run = option(arguments, "--run"); !run.empty()) sides.run.emplace(run);
    sides.file = option(arguments, "--model");
    if (std::ranges::find(arguments, "--compare") == arguments.end()) return sides;
    if (sides.run) sides.file = exportedBy(*sides.run);
    else sides.run.emplace(runOf(sides.file, requiredOption(arguments, "--runs")));
    return sides;
}

}  // namespace

int predictCommand(const Arguments& arguments) {
    return answer([&arguments] {
        const auto divider = std::ranges::find(arguments, "--");
        const Arguments options(arguments.begin(), divider);
        if (divider == arguments.end() || divider + 1 == arguments.end()) throw Error(Failure{Code::Cli01, "headroom-worker predict", "an input is missing", {}, {}, {}});
        tensor::installAllocator();
        train::setComputeThreads();
        const Sides sides = sidesOf(options);
        const deploy::Weights weights = option(options, "--weights") == "best" ? deploy::Weights::Best : deploy::Weights::Last;
        const deploy::PredictOptions asked{{divider + 1, arguments.end()}, std::stoll(requiredOption(options, "--top")), option(options, "--masks")};
        return deploy::predict(sides.run, sides.file, asked, weights);
    });
}

}  // namespace headroom::worker
