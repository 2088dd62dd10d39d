// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "engine/data/inspect.h"
#include "engine/run/device.h"
#include "engine/train/check.h"
#include "worker/commands.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

using nlohmann::json;

/// {"ask":"inspect","path":...,"options":{target, header, task, samples, holdout, seed}}
json inspect(const json& question) {
    data::Preparation preparation;
    preparation.data.path = question.at("path").get<std::string>();
    const json options = question.value("options", json::object());
    preparation.data.target = options.value("target", std::string());
    preparation.data.header = options.value("header", std::string("auto"));
    preparation.data.task = options.value("task", std::string("auto"));
    preparation.data.holdout = options.value("holdout", preparation.data.holdout);
    preparation.data.limit = options.value("limit", preparation.data.limit);
    preparation.data.acceptMissingBatches = options.value("accept_missing_batches", false);
    preparation.seed = options.value("seed", preparation.seed);
    return data::inspect(preparation, options.value("samples", std::int64_t{24}));
}

/// {"ask":"devices"}: the CUDA devices that training could use, or why there are none.
json devices(const json&) {
    std::string reason;
    const int count = run::cudaDevices(&reason);
    return {{"cuda", count}, {"reason", reason}};
}

/// {"ask":"check","config":{...}}: the configuration against its data.
json check(const json& question) { return train::check(config::parse(question.at("config").dump(), "configuration")); }

/// {"ask":"augment","config":{...},"samples":n,"epoch":k}: training pictures as an epoch would show them.
json augment(const json& question) {
    const config::RunConfig config = config::parse(question.at("config").dump(), "configuration");
    return data::augmented(data::preparationOf(config), question.value("epoch", std::int64_t{0}),
                           question.value("samples", std::int64_t{24}));
}

json answer(const json& question) {
    const std::string ask = question.at("ask");
    if (ask == "inspect") return inspect(question);
    if (ask == "devices") return devices(question);
    if (ask == "check") return check(question);
    if (ask == "augment") return augment(question);
    throw Error(Failure{Code::Cli01, "question", "unknown question", ask, "inspect, devices, check, augment", {}});
}

json answerTo(const std::string& line) {
    json id;
    try {
        const json question = json::parse(line);
        id = question.value("id", json());
        json found = answer(question);
        found["id"] = id;
        return found;
    } catch (const json::exception&) {
        return {{"id", id}, {"error", {{"code", "CLI-01"}, {"message", "The question is not understood."}}}};
    } catch (...) {
        const Error error = translated(std::current_exception());
        return {{"id", id}, {"error", {{"code", info(error.code()).text}, {"message", error.what()}}}};
    }
}

}  // namespace

int serveCommand(const Arguments&) {
    for (std::string line; std::getline(std::cin, line);) {
        if (line.empty()) continue;
        // Names come from foreign files: what is not UTF-8 in them is replaced.
        const std::string text = answerTo(line).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
        malloc_trim(0);  // between questions the process is idle and should be small
    }
    return 0;
}

}  // namespace headroom::worker
