// SPDX-License-Identifier: Apache-2.0
// verify --model FILE --data PATH [--run FOLDER]
#include "base/errors/error.h"
#include "engine/deploy/exporter.h"
#include "worker/answer.h"
#include "worker/commands.h"

namespace headroom::worker {

int verifyCommand(const Arguments& arguments) {
    return answer([&arguments] {
        std::optional<store::RunFolder> run;
        if (const std::string folder = option(arguments, "--run"); !folder.empty()) run.emplace(folder);
        nlohmann::json report = deploy::verifyFile(requiredOption(arguments, "--model"), requiredOption(arguments, "--data"), run);
        if (report.value("verified", true)) return report;
        throw Error(Failure{Code::Exp02, report["file"].get<std::string>(), "the file differs from its run", {}, {},
                            "Export the run again."});
    });
}

}  // namespace headroom::worker
