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
    return callWorker(session, arguments, [](const Json&) {});
}

WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments, const std::function<void(const Json&)>& told) {
    WorkerAnswer answer;
    const auto onLine = [&](std::string_view line) {
        answer.document = Json::parse(line, nullptr, false);
        if (answer.document.is_object()) told(answer.document);
    };
    const ErrorOutput errors = session.quiet ? ErrorOutput::Dropped : ErrorOutput::Shown;
    const ProgramResult result = runProgram("headroom-worker", arguments, errors, onLine);
    if (result.signal != 0) throw broken("it stopped unexpectedly", fmt::format("signal {}", result.signal));
    answer.status = result.status;
    if (!answer.document.is_object()) throw broken("it gave no answer", fmt::format("exit status {}", answer.status));
    return answer;
}

Json askWorker(const Session& session, const Json& question) {
    WorkerAnswer answer = callWorker(session, {"ask", question.dump()});
    if (answer.isRefusal()) throw refused(answer.document["error"]);
    return std::move(answer.document);
}

int refusal(const WorkerAnswer& answer) {
    const Json& error = answer.document["error"];
    fmt::print(stderr, "{} {}\n", error.value("code", ""), error.value("message", ""));
    return answer.status == 0 ? static_cast<int>(Exit::Failure) : answer.status;
}

int tell(const Session& session, const WorkerAnswer& answer, std::string (*readable)(const Json&)) {
    if (session.json) print(answer.document);
    if (answer.isRefusal()) return refusal(answer);
    if (!session.json) printText(readable(answer.document));
    return answer.status;
}

}  // namespace headroom::cli
