// SPDX-License-Identifier: Apache-2.0
#include "worker/questions.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/graph/document.h"
#include "base/models/data_shape.h"
#include "base/models/typical_data.h"
#include "base/models/weight_names.h"
#include "engine/data/inspect.h"
#include "engine/data/outline.h"
#include "engine/formats/onnx_summary.h"
#include "engine/formats/weight_files.h"
#include "engine/run/device.h"
#include "engine/train/check.h"
#include "engine/train/measure.h"
#include "engine/train/model_file.h"
#include "engine/train/named_weights.h"

namespace headroom::worker {
namespace {

using nlohmann::json;

/// {"ask":"inspect","path":...,"options":{target, header, task, samples, holdout, tokenizer, tokenizer_folder, seed, channels, height, width,
/// usual_side}}
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
    preparation.context = options.value("context", preparation.context);
    models::WantedPictures& pictures = preparation.pictures;
    pictures = {options.value("channels", pictures.channels), options.value("height", pictures.height), options.value("width", pictures.width),
                options.value("usual_side", pictures.usualSide)};
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

/// {"ask":"shape","config":{...}}: what a plan has to know of the configuration's data and model file.
json shape(const json& question) {
    const config::RunConfig config = config::parse(question.at("config").dump(), "configuration");
    const std::shared_ptr<const graph::Graph> graph = train::readModelFile(config).graph;
    const data::Preparation preparation = data::preparationOf(config, graph.get());
    const data::Outline data = data::outlineOf(data::read(preparation), preparation);
    json found{{"shape", models::toJson(data.shape)}, {"training", data.training}, {"validation", data.validation}};
    if (data.room.all > 0) found["pictures"] = data::toJson(data.room);
    if (graph) found["graph"] = graph::toJson(*graph);
    return found;
}

/// {"ask":"augment","config":{...},"samples":n,"epoch":k}: training pictures as an epoch would show them.
json augment(const json& question) {
    const config::RunConfig config = config::parse(question.at("config").dump(), "configuration");
    const std::shared_ptr<const graph::Graph> graph = train::readModelFile(config).graph;
    return data::augmented(data::preparationOf(config, graph.get()), question.value("epoch", std::int64_t{0}),
                           question.value("samples", std::int64_t{24}));
}

/// {"ask":"pictures","paths":[...]}: what these PNG and JPEG files show, smaller.
json pictures(const json& question) { return data::pictureFiles(question.at("paths").get<std::vector<std::string>>()); }

/// {"ask":"measure","config":{...},"micro_batches":[...]}: real steps in micro-batches of these sizes.
json measure(const json& question) {
    const auto sizes = question.at("micro_batches").get<std::vector<std::int64_t>>();
    return {{"measured", train::measure(config::parse(question.at("config").dump(), "configuration"), sizes)}};
}

/// {"ask":"model","path":...,"graph":true}: what a model's file holds, and where that is asked for its graph as a document.
json model(const json& question) {
    const std::filesystem::path path = question.at("path").get<std::string>();
    const formats::OnnxModel read = formats::readOnnx(path);
    json found = formats::summaryOf(read);
    found["file"] = path.filename().string();
    if (question.value("graph", false)) found["graph"] = graph::toJson(read.graph);
    return found;
}

/// {"ask":"weights","path":...,"arch":...,"map":...,"choice":{...},"data":{...}, outputs, side, channels, features, vocabulary, context,
/// width, layers, heads}: which tensors of the file are which parameters of the net. `choice` is such a map itself and goes before
/// what `map` names; `data` is the shape of data at hand, in place of what the architecture is published for.
json weights(const json& question) {
    const std::string arch = question.at("arch");
    const models::ModelOptions options{.width = question.value("width", std::int64_t{0}), .layers = question.value("layers", std::int64_t{0}),
                                       .heads = question.value("heads", std::int64_t{0})};
    const models::DataShape data = question.contains("data") ? models::shapeFromJson(question.at("data")) : models::typicalData(arch, question);
    const graph::Graph net = models::build(arch, data, options);
    const std::filesystem::path path = question.at("path").get<std::string>();
    const formats::WeightFiles files(path);
    models::ChosenWeights chosen = models::chosenFromJson(question.value("choice", json::object()), "choice");
    chosen.merge(train::chosenWeights(question.value("map", std::string())));
    const models::WeightMap map = train::mapWeights(net, files, chosen);
    json found = models::toJson(map);
    found["choice"] = models::toChoice(map);
    for (const formats::StTensor& each : files.tensors()) found["tensors"].push_back(each.name);
    found["file"] = path.filename().string();
    found["arch"] = arch;
    return found;
}

json answer(const json& question) {
    const std::string ask = question.at("ask");
    if (ask == "inspect") return inspect(question);
    if (ask == "devices") return devices(question);
    if (ask == "check") return check(question);
    if (ask == "augment") return augment(question);
    if (ask == "pictures") return pictures(question);
    if (ask == "shape") return shape(question);
    if (ask == "measure") return measure(question);
    if (ask == "model") return model(question);
    if (ask == "weights") return weights(question);
    throw Error(Failure{Code::Cli01, "question", "unknown question", ask, "inspect, devices, check, augment, pictures, shape, measure, model, weights", {}});
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
