// SPDX-License-Identifier: Apache-2.0
#include "cli/worker_call.h"

#include <fmt/format.h>

#include "cli/program.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

constexpr const char* kWorker = "headroom-worker";

Error broken(const std::string& program, std::string problem, std::string found) {
    return Error(Failure{Code::Wrk01, program, std::move(problem), std::move(found), {},
                         "Its messages stand above; headroom doctor looks at the installation."});
}

/// The worker's sentence under its code.
Error refused(const Json& error) {
    const std::string code = error.value("code", "");
    std::string message = error.value("message", "");
    for (const CodeInfo& each : allCodes())
        if (each.text == code) return Error(Failure{each.code, {}, std::move(message), {}, {}, {}});
    return broken(kWorker, "it refused for an unknown reason", code);
}

WorkerAnswer call(const Session& session, const std::string& program, const std::vector<std::string>& arguments, const std::function<void(const Json&)>& told) {
    WorkerAnswer answer;
    const auto onLine = [&](std::string_view line) {
        answer.document = Json::parse(line, nullptr, false);
        if (answer.document.is_object()) told(answer.document);
    };
    const ErrorOutput errors = session.quiet ? ErrorOutput::Dropped : ErrorOutput::Shown;
    const ProgramResult result = runProgram(program, arguments, errors, onLine);
    if (result.signal != 0) throw broken(program, "it stopped unexpectedly", fmt::format("signal {}", result.signal));
    answer.status = result.status;
    if (!answer.document.is_object()) throw broken(program, "it gave no answer", fmt::format("exit status {}", answer.status));
    return answer;
}

}  // namespace

WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments) {
    return callWorker(session, arguments, [](const Json&) {});
}

WorkerAnswer callWorker(const Session& session, const std::vector<std::string>& arguments, const std::function<void(const Json&)>& told) {
    return call(session, kWorker, arguments, told);
}

WorkerAnswer callProver(const Session& session, const std::vector<std::string>& arguments) {
    return call(session, "headroom-prover", arguments, [](const Json&) {});
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
