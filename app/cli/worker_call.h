// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cli/print.h"

namespace headroom::cli {

struct Session;

struct WorkerAnswer {
    Json document;   ///< what the worker printed: one JSON document
    int status = 0;  ///< its exit status, one of Exit

    /// {"error": {...}}
    bool isRefusal() const {
        const auto error = document.find("error");
        return error != document.end() && error->is_object();
    }
};

/// Runs `headroom-worker <arguments>` to its end; its progress goes to our standard error unless --quiet. Where the worker
/// answers {"error": {...}} the sentence is on standard error. Throws WRK-03 where it cannot be started, WRK-01 where it
/// died or answered nonsense.
WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments);
/// The same for a command that prints documents line by line: `told` gets each when it comes, the last one, which is the answer, too.
WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments, const std::function<void(const Json&)>& told);
/// The same for `headroom-prover`.
WorkerAnswer callProver(const Session& session, const std::vector<std::string>& arguments);
/// The answer to one question (see worker/questions.h). Throws as callWorker, and what the worker refused with.
Json askWorker(const Session& session, const Json& question);
/// Where the answer is {"error": {...}}: its sentence on standard error; returns the exit status.
int refusal(const WorkerAnswer& answer);
/// Prints the answer - with --json as it came, else through `readable` - and returns the exit status.
int tell(const Session& session, const WorkerAnswer& answer, std::string (*readable)(const Json&));

}  // namespace headroom::cli
