// SPDX-License-Identifier: Apache-2.0
#include "cli/locate.h"

#include "base/errors/error.h"

namespace headroom::cli {

std::filesystem::path programFolder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

std::filesystem::path sampleConfig() {
    return programFolder().parent_path() / "share" / "headroom" / "sample" / "digits.json";
}

std::filesystem::path configFile(const std::string& given) {
    if (given != "sample") return given;
    const auto file = sampleConfig();
    if (!std::filesystem::exists(file))
        throw Error(Failure{Code::Dat04, "sample", "the sample is not installed", file.string(), {},
                            "Run packaging/start, or name a configuration file."});
    return file;
}

}  // namespace headroom::cli
