// SPDX-License-Identifier: Apache-2.0
#include "cli/worker_call.h"

#include <fmt/format.h>

#include "cli/program.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

Error broken(std::string problem, std::string found) {
    return Error(Failure{Code::Wrk01, "headroom-worker", std::move(problem), std::move(found), {},
                         "Its messages stand above; headroom doctor looks at the installation."});
}

/// The worker's sentence under its code.
Error refused(const Json& error) {
    const std::string code = error.value("code", "");
    std::string message = error.value("message", "");
    for (const CodeInfo& each : allCodes())
        if (each.text == code) return Error(Failure{each.code, {}, std::move(message), {}, {}, {}});
    return broken("it refused for an unknown reason", code);
}

}  // namespace

WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments) {
    const ProgramResult result = runProgram("headroom-worker", arguments, session.quiet ? ErrorOutput::Dropped : ErrorOutput::Shown);
    if (result.signal != 0) throw broken("it stopped unexpectedly", fmt::format("signal {}", result.signal));
    WorkerAnswer answer{Json::parse(result.output, nullptr, false), result.status};
    if (!answer.document.is_object()) throw broken("it gave no answer", fmt::format("exit status {}", answer.status));
    return answer;
}

Json askWorker(const Session& session, const Json& question) {
    WorkerAnswer answer = callWorker(session, {"ask", question.dump()});
    if (const auto error = answer.document.find("error"); error != answer.document.end() && error->is_object()) throw refused(*error);
    return std::move(answer.document);
}

int tell(const Session& session, const WorkerAnswer& answer, std::string (*readable)(const Json&)) {
    if (session.json) print(answer.document);
    if (const auto error = answer.document.find("error"); error != answer.document.end() && error->is_object()) {
        fmt::print(stderr, "{} {}\n", error->value("code", ""), error->value("message", ""));
        return answer.status == 0 ? static_cast<int>(Exit::Failure) : answer.status;
    }
    if (!session.json) printText(readable(answer.document));
    return answer.status;
}

}  // namespace headroom::cli
