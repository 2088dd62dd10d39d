// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace headroom::worker {

/// What stands behind the command's name.
using Arguments = std::vector<std::string>;

/// The value after `name` ("--home"); empty where it is not there.
std::string option(const Arguments& arguments, const std::string& name);
/// As option(). Throws CLI-01 where it is not there.
std::string requiredOption(const Arguments& arguments, const std::string& name);

/// Each in the file of its name; they return the exit status.
int runCommand(const Arguments& arguments);
int serveCommand(const Arguments& arguments);
int askCommand(const Arguments& arguments);
int exportCommand(const Arguments& arguments);
int generateCommand(const Arguments& arguments);
int predictCommand(const Arguments& arguments);
int verifyCommand(const Arguments& arguments);

}  // namespace headroom::worker
