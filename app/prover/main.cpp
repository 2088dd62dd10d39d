// SPDX-License-Identifier: Apache-2.0
// headroom-prover: opens an exported file in OpenVINO, runs prepared samples, writes outputs and a report.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>

#include "base/errors/error.h"
#include "prover/prove.h"

namespace {

using namespace headroom;
using Json = nlohmann::ordered_json;

Json asJson(const prover::Report& report) {
    Json latencies = Json::array();
    for (const prover::Latency& latency : report.latencies)
        latencies.push_back({{"batch", latency.batch}, {"threads", latency.threads}, {"p50_ms", latency.p50Ms},
                             {"p90_ms", latency.p90Ms}, {"p99_ms", latency.p99Ms}});
    return {{"runtime", report.runtime},     {"device", report.device},
            {"precision", report.precision}, {"load_ms", report.loadMs},
            {"samples", report.samples},     {"samples_per_s", report.samplesPerSecond},
            {"latency", latencies},          {"model_bytes", report.modelBytes},
            {"peak_bytes", report.peakBytes}};
}

int fail(const Error& error) {
    const CodeInfo& code = info(error.code());
    fmt::print("{}\n", Json{{"error", {{"code", code.text}, {"message", error.what()}}}}.dump());
    return static_cast<int>(code.exit);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs an exported model in OpenVINO and measures it.", "headroom-prover"};
    app.set_version_flag("--version", HEADROOM_VERSION);
    prover::Request request;
    CLI::App* verify = app.add_subcommand("verify", "Run samples through a file, write its outputs, print a report");
    verify->add_option("--model", request.model, "ONNX file")->required();
    verify->add_option("--samples", request.samples, "safetensors file with one tensor an input")->required();
    verify->add_option("--out", request.outputs, "safetensors file to write, one tensor an output")->required();
    verify->add_option("--precision", request.precision, "OpenVINO's arithmetic")
        ->check(CLI::IsMember({"f32", "default"}))->capture_default_str();
    verify->add_option("--batch", request.batch, "Samples at a time")->check(CLI::PositiveNumber)->capture_default_str();
    verify->add_option("--threads", request.threads, "0 = all")->check(CLI::NonNegativeNumber)->capture_default_str();
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& usage) {
        return app.exit(usage) == 0 ? 0 : static_cast<int>(Exit::Usage);
    }
    try {
        fmt::print("{}\n", asJson(prover::prove(request)).dump());
        return 0;
    } catch (const Error& error) {
        return fail(error);
    }
}
