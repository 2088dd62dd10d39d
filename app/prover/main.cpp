// SPDX-License-Identifier: Apache-2.0
// headroom-prover: opens a model's file in OpenVINO, runs samples, writes outputs and a report.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <new>
#include <openvino/openvino.hpp>

#include "base/errors/error.h"
#include "prover/bench.h"
#include "prover/memory_bound.h"
#include "prover/verify.h"

namespace {

using namespace headroom;
using Json = nlohmann::ordered_json;

/// A document a line, at once.
void tell(const Json& document) {
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
    std::fflush(stdout);
}

int fail(const Error& error) {
    const CodeInfo& code = info(error.code());
    tell({{"error", {{"code", code.text}, {"message", error.what()}}}});
    return static_cast<int>(code.exit);
}

Error outOfMemory(const prover::Request& request) {
    return Error(Failure{Code::Mem01, escaped(request.model.filename().string()), "out of memory", {}, {}, "Measure fewer samples at a time."});
}

/// What OpenVINO says last says most. It wraps what the library throws.
Error translated(const prover::Request& request, const ov::Exception& problem) {
    const std::string text = problem.what();
    if (text.find("bad_alloc") != std::string::npos) return outOfMemory(request);
    const std::size_t end = text.find_last_not_of('\n') + 1;
    const std::size_t begin = end == 0 ? 0 : text.rfind('\n', end - 1) + 1;
    return Error(Failure{Code::Exp03, escaped(request.model.filename().string()), "OpenVINO cannot run the file",
                         escaped(text.substr(begin, end - begin)), {}, "Open the file with another runtime to see more."});
}

void addOptions(CLI::App& command, prover::Request& request) {
    command.add_option("--model", request.model, "ONNX file")->required();
    command.add_option("--precision", request.precision, "OpenVINO's arithmetic")
        ->check(CLI::IsMember({"f32", "default"}))->capture_default_str();
    command.add_option("--batch", request.batch, "Samples at a time")->check(CLI::PositiveNumber)->capture_default_str();
    command.add_option("--threads", request.threads, "0 = all")->check(CLI::NonNegativeNumber)->capture_default_str();
    command.add_option("--cache", request.cache, "Empty folder for compiled models, to measure loading from it");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs a model's file in OpenVINO and measures it.", "headroom-prover"};
    app.set_version_flag("--version", HEADROOM_VERSION);
    prover::Request request;
    std::int64_t length = 0;
    CLI::App* verify = app.add_subcommand("verify", "Run the samples that standard input names, write their outputs, print a report");
    addOptions(*verify, request);
    CLI::App* bench = app.add_subcommand("bench", "Measure a file on made-up samples of its declared shapes");
    addOptions(*bench, request);
    bench->add_option("--length", length, "Extent of free dimensions behind the first")->check(CLI::NonNegativeNumber);
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& usage) {
        return app.exit(usage) == 0 ? 0 : static_cast<int>(Exit::Usage);
    }
    prover::boundMemory();
    try {
        tell(bench->parsed() ? prover::asJson(prover::bench(request, length)) : prover::asJson(prover::verify(request, std::cin, tell)));
        return 0;
    } catch (const Error& error) {
        return fail(error);
    } catch (const ov::Exception& problem) {
        return fail(translated(request, problem));
    } catch (const std::bad_alloc&) {
        return fail(outOfMemory(request));
    } catch (const std::exception& problem) {  // foreign files make the runtime throw what is not its own
        return fail(Error(Failure{Code::Exp03, escaped(request.model.filename().string()), "OpenVINO cannot run the file",
                                  escaped(problem.what()), {}, "Open the file with another runtime to see more."}));
    }
}
