// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace headroom::cli {

struct ProgramResult {
    std::string output;  ///< standard output, at most 64 MiB of it
    int status = 0;      ///< exit status; of no meaning where signal is not 0
    int signal = 0;      ///< that ended it
};
enum class ErrorOutput { Shown, Dropped };

/// Runs a program of ours that lies beside this one to its end, with empty standard input. Throws WRK-03 where it is
/// missing or cannot be started.
ProgramResult runProgram(const std::string& name, const std::vector<std::string>& arguments, ErrorOutput errors);

}  // namespace headroom::cli
