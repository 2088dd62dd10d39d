// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "base/process/scratch_folder.h"
#include "base/units/units.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

struct Options {
    std::filesystem::path model;
    std::string precision = "default";
    std::int64_t batch = 32, length = 0;
    int threads = 0;
};

std::string bytesAt(const Json& report, const char* key) { return readableBytes(report.value(key, Bytes{0})); }

std::string latencyTable(const Json& report) {
    std::vector<std::vector<std::string>> rows{{"batch", "threads", "p50 ms", "p90 ms", "p99 ms", "samples/s", "runs"}};
    for (const Json& row : report.at("latency")) {
        std::vector<std::string> cells{row.at("batch").dump(), row.at("threads").dump()};
        for (const char* key : {"p50_ms", "p90_ms", "p99_ms"}) cells.push_back(fmt::format("{:.3f}", row.value(key, 0.0)));
        cells.push_back(fmt::format("{:.0f}", row.value("samples_per_s", 0.0)));
        cells.push_back(row.at("runs").dump());
        rows.push_back(std::move(cells));
    }
    return table(rows);
}

std::string readable(const Json& report) {
    const Json& cache = report.at("cache");
    const std::vector<std::vector<std::string>> rows{
        {"model", fmt::format("{}, {}", escaped(report.value("file", "")), bytesAt(report, "model_bytes"))},
        {"runtime", report.value("runtime", "")},
        {"device", report.value("device", "")},
        {"precision", report.value("precision", "")},
        {"load", fmt::format("{:.1f} ms; with a cache of {} {:.1f} ms, then {:.1f} ms{}", report.value("load_ms", 0.0), bytesAt(cache, "bytes"),
                             cache.value("first_load_ms", 0.0), cache.value("second_load_ms", 0.0), cache.value("used", false) ? "" : " (not used)")},
        {"memory", fmt::format("{} beyond the empty process, samples and runtime counted, {} in all", bytesAt(report, "peak_bytes"), bytesAt(report, "process_bytes"))}};
    return table(rows) + "\n" + latencyTable(report);
}

int bench(const Session& session, const Options& options) {
    const process::ScratchFolder cache;
    WorkerAnswer answer = callProver(session, {"bench", "--model", std::filesystem::absolute(options.model).string(), "--precision", options.precision,
                                               "--batch", std::to_string(options.batch), "--threads", std::to_string(options.threads),
                                               "--length", std::to_string(options.length), "--cache", cache.path().string()});
    if (!answer.isRefusal()) answer.document["file"] = options.model.string();
    return tell(session, answer, readable);
}

}  // namespace

void addBench(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("bench", "Measure any ONNX file on this machine, on made-up samples");
    command->add_option("file", options->model, "ONNX file")->required();
    command->add_option("--batch", options->batch, "Samples at a time, beside one at a time")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
    command->add_option("--threads", options->threads, "Threads, beside one alone; 0 is all")->check(CLI::Range(0, 4096));
    command->add_option("--length", options->length, "Extent of free dimensions behind the first; 0 is the context of a text's model, else 128")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 20));
    command->add_option("--precision", options->precision, "Arithmetic: f32, or default, which the runtime chooses")->check(CLI::IsMember({"f32", "default"}));
    command->callback([options, &session] { session.run = [options, &session] { return bench(session, *options); }; });
}

}  // namespace headroom::cli
