// SPDX-License-Identifier: Apache-2.0
#include "worker/questions.h"

#include <filesystem>
#include <string>
#include <vector>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/models/data_shape.h"
#include "engine/data/inspect.h"
#include "engine/formats/onnx_summary.h"
#include "engine/run/device.h"
#include "engine/train/check.h"
#include "engine/train/measure.h"

namespace headroom::worker {
namespace {

using nlohmann::json;

/// {"ask":"inspect","path":...,"options":{target, header, task, samples, holdout, tokenizer, tokenizer_folder, seed}}
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
    preparation.data.tokenizer = options.value("tokenizer", preparation.data.tokenizer);
    preparation.data.tokenizerFolder = options.value("tokenizer_folder", std::string());
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

/// {"ask":"shape","config":{...}}: what a plan has to know of the configuration's data.
json shape(const json& question) {
    const config::RunConfig config = config::parse(question.at("config").dump(), "configuration");
    const data::Dataset dataset = data::load(data::preparationOf(config));
    return {{"shape", models::toJson(dataset.shape)},
            {"training", dataset.training->size()},
            {"validation", dataset.validation ? dataset.validation->size() : 0}};
}

/// {"ask":"augment","config":{...},"samples":n,"epoch":k}: training pictures as an epoch would show them.
json augment(const json& question) {
    const config::RunConfig config = config::parse(question.at("config").dump(), "configuration");
    return data::augmented(data::preparationOf(config), question.value("epoch", std::int64_t{0}),
                           question.value("samples", std::int64_t{24}));
}

/// {"ask":"measure","config":{...},"micro_batches":[...]}: real steps in micro-batches of these sizes.
json measure(const json& question) {
    const auto sizes = question.at("micro_batches").get<std::vector<std::int64_t>>();
    return {{"measured", train::measure(config::parse(question.at("config").dump(), "configuration"), sizes)}};
}

/// {"ask":"model","path":...}: what a model's file holds.
json model(const json& question) {
    const std::filesystem::path path = question.at("path").get<std::string>();
    json found = formats::summaryOf(formats::readOnnx(path));
    found["file"] = path.filename().string();
    return found;
}

json answer(const json& question) {
    const std::string ask = question.at("ask");
    if (ask == "inspect") return inspect(question);
    if (ask == "devices") return devices(question);
    if (ask == "check") return check(question);
    if (ask == "augment") return augment(question);
    if (ask == "shape") return shape(question);
    if (ask == "measure") return measure(question);
    if (ask == "model") return model(question);
    throw Error(Failure{Code::Cli01, "question", "unknown question", ask, "inspect, devices, check, augment, shape, measure, model", {}});
}

}  // namespace

json answerTo(const json& question) {
    try {
        return answer(question);
    } catch (const json::exception&) {
        throw Error(Failure{Code::Cli01, {}, "The question is not understood", {}, {}, {}});
    }
}

json parsedQuestion(const std::string& text) {
    json question = json::parse(text, nullptr, false);
    if (!question.is_object()) throw Error(Failure{Code::Cli01, {}, "The question is not understood", {}, {}, {}});
    return question;
}

}  // namespace headroom::worker
