// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/errors/codes.h"

namespace headroom {

/// One thing that went wrong, in the parts that every message of ours is made of:
/// `<subject>: <problem>: <found>, <allowed>. <remedy>`; empty parts are left out.
struct Failure {
    Code code;
    std::string subject{};  ///< base name of the file, or the field, node, run it is about
    std::string problem{};  ///< what is wrong
    std::string found{};    ///< what was there
    std::string allowed{};  ///< what may be there
    std::string remedy{};   ///< what to do next, a sentence with its full stop

    std::string sentence() const;
};

/// The only exception type of the project: anything that a user, a file or the machine can cause. Holds at least one
/// failure; a configuration reports all of its faults at once.
class Error : public std::runtime_error {
public:
    explicit Error(Failure failure);
    explicit Error(std::vector<Failure> failures);

    /// Of the first failure, which also decides the exit code.
    Code code() const { return m_failures.front().code; }
    const std::vector<Failure>& failures() const { return m_failures; }

private:
    std::vector<Failure> m_failures;
};

/// `text` with control characters, line breaks and direction overrides shown escaped: file names are hostile input.
std::string escaped(std::string_view text);

}  // namespace headroom
