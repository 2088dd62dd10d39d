// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>

#include "base/store/proofs.h"
#include "base/store/run_reader.h"
#include "base/units/iso_time.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/print.h"
#include "cli/receipt.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

Json configOf(const store::RunFolder& run) {
    std::ifstream file(run.config(), std::ios::binary);
    return Json::parse(file, nullptr, false);
}

std::string currencyOf(const Json& config) {
    const Json::json_pointer currency("/cost/currency");
    return config.is_object() && config.contains(currency) && config.at(currency).is_string() ? escaped(config.at(currency).get<std::string>()) : "";
}

Json filesIn(const std::filesystem::path& folder) {
    Json names = Json::array();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) names.push_back(entry.path().filename().string());
    return names;
}

std::string readable(const store::RunSummary& run, const Chosen& chosen) {
    std::vector<std::vector<std::string>> rows{{"run", run.id}, {"state", std::string(store::word(run.state))}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) rows.push_back({name, escaped(value)});
    };
    add("name", run.name);
    add("reason", run.end ? run.end->reason : "");
    add("step", run.progress.totalSteps > 0 ? fmt::format("{} of {}", run.progress.step, run.progress.totalSteps)
                                            : fmt::format("{}", run.progress.step));
    add("epoch", fmt::format("{:.2f}", run.progress.epoch));
    add("metrics", metricsText(run));
    add("speed", run.samplesPerSecond ? fmt::format("{:.0f} samples/s", *run.samplesPerSecond) : "");
    add("time", readableDuration(run.wallSeconds));
    add("energy", run.joules ? fmt::format("{:.0f} J", *run.joules) : "");
    add("model", run.arch);
    add("data", run.data);
    add("device", run.device);
    add("created", isoTime(run.created));
    add("weights", run.weightsSha256);
    add("folder", chosen.run.path().string());
    return table(rows);
}

int show(const Session& session, const std::string& text) {
    const Chosen chosen = choose(session, text);
    const store::RunSummary run = look(chosen);
    const Json config = configOf(chosen.run);
    const Json facts = store::RunReader(chosen.run).facts();
    const Json receipt = receiptJson(facts);
    if (!session.json) {
        printText(readable(run, chosen));
        if (const std::string compared = receiptTable(receipt, run, currencyOf(config)); !compared.empty()) printText("\n" + compared);
        return 0;
    }
    Json document = describe(run);
    document["config"] = config;
    document["folder"] = chosen.run.path().string();
    document["checkpoints"] = filesIn(chosen.run.checkpoints());
    document["exports"] = filesIn(chosen.run.exports());
    document["proofs"] = store::readProofs(chosen.run);
    document["receipt"] = receipt;
    document["facts"] = facts;
    print(document);
    return 0;
}

}  // namespace

void addShow(CLI::App& app, Session& session) {
    auto run = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("show", "Show everything about a run");
    command->add_option("run", *run, "Id, its beginning, or name")->required();
    command->callback([run, &session] { session.run = [run, &session] { return show(session, *run); }; });
}

}  // namespace headroom::cli
