// SPDX-License-Identifier: Apache-2.0
// export --run FOLDER [--format onnx|safetensors|adapter|all] [--weights last|best] [--out FOLDER] [--preprocess] [--no-verify]
#include <fmt/format.h>

#include <algorithm>

#include "base/errors/error.h"
#include "base/json/number.h"
#include "engine/deploy/exporter.h"
#include "worker/answer.h"
#include "worker/commands.h"

namespace headroom::worker {
namespace {

deploy::Format formatOf(const std::string& name) {
    if (name == "safetensors") return deploy::Format::Safetensors;
    if (name == "adapter") return deploy::Format::Adapter;
    return name == "all" ? deploy::Format::All : deploy::Format::Onnx;
}

}  // namespace

int exportCommand(const Arguments& arguments) {
    return answer([&arguments] {
        deploy::ExportOptions options;
        options.folder = option(arguments, "--out");
        options.format = formatOf(option(arguments, "--format"));
        if (option(arguments, "--weights") == "best") options.weights = deploy::Weights::Best;
        options.preprocess = std::ranges::find(arguments, "--preprocess") != arguments.end();
        if (std::ranges::find(arguments, "--no-verify") != arguments.end()) options.verification = deploy::Verification::Skip;
        nlohmann::json report = deploy::exportRun(store::RunFolder(requiredOption(arguments, "--run")), options);
        if (report.value("verified", true)) return report;
        throw Error(Failure{Code::Exp02, report["run"].get<std::string>(), "the exported model differs from its source",
                            fmt::format("largest difference {:.2e} of {:.3g}", json::numberFrom(report["largest_difference"]),
                                        report["largest_logit"].get<double>()),
                            "at most 1e-4 of the largest logit", "The file is kept as model.unverified.onnx."});
    });
}

}  // namespace headroom::worker
