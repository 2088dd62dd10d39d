// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/json/number.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string model;
    std::vector<std::string> inputs;
    std::string weights = "last";
    std::int64_t top = 5;
    std::string output;
    bool compare = false;
};

/// "road 61.2 %, car 7.0 %": the classes of most pixels.
std::string sharesText(const Json& side) {
    constexpr std::size_t kShown = 3;
    std::string text;
    for (std::size_t k = 0; k < std::min(kShown, side.at("top").size()); ++k) {
        const Json& each = side.at("top")[k];
        if (json::numberFrom(each.at("share")) > 0) text += fmt::format("{}{} {:.1f} %", text.empty() ? "" : ", ", escaped(each.value("label", "")), 100 * json::numberFrom(each.at("share")));
    }
    return text;
}

/// "cat 98.2 %", shares of pixels, or a value.
std::string answerText(const Json& side) {
    if (side.contains("value")) return fmt::format("{:.6g}", json::numberFrom(side.at("value")));
    if (side.contains("share")) return sharesText(side);
    return fmt::format("{} {:.1f} %", escaped(side.value("label", "")), 100 * json::numberFrom(side.at("probability")));
}

std::string latencyText(const Json& side) { return fmt::format("{:.3f} ms", side.value("p50_ms", 0.0)); }

std::string readable(const Json& report) {
    const bool both = report.value("by", "") == "both";
    std::vector<std::vector<std::string>> rows{{"input", both ? "run" : "answer"}};
    if (both) rows.front().emplace_back("exported file");
    for (const Json& prediction : report.at("predictions")) {
        rows.push_back({escaped(prediction.value("input", "")), answerText(prediction)});
        if (both) rows.back().push_back(answerText(prediction.at("exported")));
    }
    if (both) rows.push_back({"latency, one sample", latencyText(report.at("latency").at("run")), latencyText(report.at("latency").at("file"))});
    return table(rows);
}

/// Paths become absolute, for the worker; text and rows stay.
std::string absoluteInput(const std::string& input) {
    std::error_code ignored;
    return fs::exists(input, ignored) ? fs::absolute(input).string() : input;
}

int predict(const Session& session, const Options& options) {
    std::vector<std::string> arguments{"predict", "--top", std::to_string(options.top), "--weights", options.weights};
    if (fs::is_regular_file(options.model)) {
        arguments.insert(arguments.end(), {"--model", fs::absolute(options.model).string()});
        if (options.compare) arguments.insert(arguments.end(), {"--runs", session.project().runs().string()});
    } else {
        arguments.insert(arguments.end(), {"--run", choose(session, options.model).run.path().string()});
    }
    if (options.compare) arguments.emplace_back("--compare");
    if (!options.output.empty()) arguments.insert(arguments.end(), {"--masks", fs::absolute(options.output).string()});
    arguments.emplace_back("--");
    for (const std::string& input : options.inputs) arguments.push_back(absoluteInput(input));
    return tell(session, callWorker(session, arguments), readable);
}

}  // namespace

void addPredict(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("predict", "Ask a run's net or an exported file about pictures, rows or texts");
    command->add_option("model", options->model, "Run (id, its beginning, or name) or exported ONNX file")->required();
    command->add_option("inputs", options->inputs, "PNG or JPEG files; CSV files or column=value,...; text or files of it")->required();
    command->add_option("--top", options->top, "So many classes of each, in --json")->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
    command->add_option("--weights", options->weights, "Which weights of a run")->check(CLI::IsMember({"last", "best"}));
    command->add_option("-o,--output", options->output, "Write masks of nets that make them: a .png file for one picture, else a folder");
    command->add_flag("--compare", options->compare, "Run and exported file side by side, with latency");
    command->callback([options, &session] { session.run = [options, &session] { return predict(session, *options); }; });
}

}  // namespace headroom::cli
