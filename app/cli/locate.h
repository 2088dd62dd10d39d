// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace headroom::cli {

/// Folder of the running program.
std::filesystem::path programFolder();
/// The configuration that a person means: "sample" is the one installed with the program (a file of that name is
/// ./sample). Throws DAT-04 where the sample is not installed.
std::filesystem::path configFile(const std::string& given);
std::filesystem::path sampleConfig();

}  // namespace headroom::cli
