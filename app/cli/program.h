// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::cli {

struct ProgramResult {
    std::string output;  ///< standard output, at most 64 MiB of it
    int status = 0;      ///< exit status; of no meaning where signal is not 0
    int signal = 0;      ///< that ended it
};
enum class ErrorOutput { Shown, Dropped };

/// Told of every line of standard output, without its end, as it comes.
using OnLine = std::function<void(std::string_view)>;

/// Runs a program of ours that lies beside this one to its end, with empty standard input. Throws WRK-03 where it is
/// missing or cannot be started. With `onLine` the output is told in lines in place of being kept.
ProgramResult runProgram(const std::string& name, const std::vector<std::string>& arguments, ErrorOutput errors, const OnLine& onLine = {});

}  // namespace headroom::cli
