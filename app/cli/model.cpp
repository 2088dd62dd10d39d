// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/errors/error.h"
#include "base/graph/summary.h"
#include "base/models/data_shape.h"
#include "base/models/typical_data.h"
#include "base/plan/node_figures.h"
#include "base/store/atomic_file.h"
#include "base/store/documents.h"
#include "base/units/units.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"
#include "cli/worker_call.h"

namespace headroom::cli {
namespace {

/// "float32 [batch, 3, 224, 224]"
std::string valueText(const Json& value) {
    std::string shape;
    for (const Json& dim : value.at("shape")) shape += (shape.empty() ? "" : ", ") + (dim.is_string() ? escaped(dim.get<std::string>()) : dim.dump());
    return fmt::format("{} [{}]", value.value("type", ""), shape);
}

std::string joined(const Json& names) {
    std::string text;
    for (const Json& name : names) text += (text.empty() ? "" : ", ") + escaped(name.get<std::string>());
    return text;
}

std::string readable(const Json& model) {
    std::vector<std::vector<std::string>> rows{{"model", escaped(model.value("file", model.value("arch", "")))}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) rows.push_back({name, value});
    };
    if (model.contains("opset")) add("format", fmt::format("ONNX, opset {}", model.value("opset", 0)));
    add("made by", escaped(model.value("producer", "")));
    add("is", escaped(model.value("help", "")));
    for (const char* side : {"input", "output"})
        for (const Json& value : model.at(side + std::string("s"))) add(side, escaped(value.value("name", "")) + "  " + valueText(value));
    add("parameters", fmt::format("{}", model.value("parameters", 0)));
    add("buffers", fmt::format("{}", model.value("buffers", 0)));
    if (model.contains("multiply_adds")) add("multiply-adds", grouped(model.value("multiply_adds", std::int64_t{0})) + " a sample");
    if (model.contains("weights_bytes")) add("weights", fmt::format("{} bytes", model.value("weights_bytes", 0)));
    add("nodes", fmt::format("{}", model.value("nodes", 0)));
    for (const Json& op : model.at("operators")) add("operator", fmt::format("{}  {}", op.value("name", ""), op.value("count", 0)));
    add("no gradient through", joined(model.at("without_gradient")));
    if (model.value("batch_freed", false)) add("batch", "fixed at 1 in the file, free here");
    if (model.value("half_widened", false)) add("precision", "16-bit floats in the file, fp32 here");
    const Json metadata = model.value("metadata", Json::object());
    for (const auto& [key, value] : metadata.items()) add("metadata", escaped(key) + "  " + escaped(value.get<std::string>()));
    return table(rows);
}

/// Of the options that addSizes() gives, those that were said.
struct Sizes {
    std::map<std::string, std::int64_t> extents;  ///< as models::typicalData() and the worker's question have them

    void addTo(Json& document) const {
        for (const auto& [name, extent] : extents)
            if (extent > 0) document[name] = extent;
    }
    models::DataShape data(std::string_view architecture) const {
        Json said = Json::object();
        addTo(said);
        return models::typicalData(architecture, said);
    }
    models::ModelOptions options() const {
        const auto size = [&](const char* name) { return extents.at(name); };
        return {.width = size("width"), .layers = size("layers"), .heads = size("heads")};
    }
};

void addSizes(CLI::App& command, Sizes& sizes) {
    for (const auto& [name, help] : {std::pair("outputs", "classes, or numbers to predict (1000)"), std::pair("side", "height and width of pictures (224)"),
                                     std::pair("channels", "of pictures (3)"), std::pair("features", "of a table (1)"),
                                     std::pair("vocabulary", "tokens that there are (50257)"), std::pair("context", "tokens of a sequence (1024)"),
                                     std::pair("width", "of gpt and lstm"), std::pair("layers", "of gpt and lstm"), std::pair("heads", "of gpt")})
        command.add_option(std::string("--") + name, sizes.extents[name], help)->check(CLI::PositiveNumber);
}

/// An architecture built for the data that it is published for, or as said.
Json described(const models::Architecture& architecture, const Sizes& sizes) {
    const models::DataShape data = sizes.data(architecture.name);
    const graph::Graph net = models::build(architecture.name, data, sizes.options());
    Json found{{"arch", architecture.name}, {"title", architecture.title}, {"help", architecture.help}, {"data", models::toJson(data)},
               {"multiply_adds", plan::multiplyAdds(net, {{"batch", 1}, {"sequence", data.context}})}};
    found.update(Json(graph::summaryOf(net)));
    return found;
}

int show(const Session& session, const std::string& wanted, const Sizes& sizes) {
    const bool isFile = wanted.find_first_of("./") != std::string::npos || std::filesystem::exists(wanted);
    const Json model = isFile ? askWorker(session, {{"ask", "model"}, {"path", std::filesystem::absolute(wanted).string()}})
                              : described(models::architecture(wanted), sizes);
    if (session.json) print(model);
    else printText(readable(model));
    return 0;
}

/// "3 x 224 x 224", "1,024 tokens", "12 columns".
std::string inputText(const models::DataShape& data) {
    if (data.kind == models::DataKind::Text) return grouped(data.context) + " tokens";
    if (data.kind == models::DataKind::Table) return fmt::format("{} columns", data.features);
    return fmt::format("{} x {} x {}", data.channels, data.height, data.width);
}

/// All that suit the sizes.
int list(const Session& session, const Sizes& sizes) {
    Json document = Json::array();
    std::vector<std::vector<std::string>> rows{{"NAME", "TITLE", "INPUT", "PARAMETERS", "MULTIPLY-ADDS"}};
    for (const models::Architecture& each : models::architectures()) {
        const models::DataShape data = sizes.data(each.name);
        if (!each.suits(data)) continue;
        document.push_back(described(each, sizes));
        const Json& found = document.back();
        rows.push_back({std::string(each.name), std::string(each.title), inputText(data),
                        grouped(found.at("parameters").get<std::int64_t>()), grouped(found.at("multiply_adds").get<std::int64_t>())});
    }
    if (session.json) print(document);
    else printText(table(rows));
    return 0;
}

/// A line a parameter, then what did not find a partner.
std::string readableMap(const Json& map) {
    std::vector<std::vector<std::string>> rows{{"parameter", "tensor of the file", ""}};
    for (const Json& each : map.at("matches"))
        rows.push_back({escaped(each.value("parameter", "")), joined(each.at("tensors")), each.value("transposed", false) ? "transposed" : ""});
    for (const Json& each : map.at("misfits"))
        rows.push_back({escaped(each.value("parameter", "")), escaped(each.value("tensor", "")),
                        fmt::format("shape {} in place of {}", each.at("found").dump(), each.at("wanted").dump())});
    for (const auto& [list, words] : {std::pair("fresh", "stays new (head)"), std::pair("missing", "missing in the file")})
        for (const Json& name : map.at(list)) rows.push_back({escaped(name.get<std::string>()), "-", words});
    for (const auto& [list, words] : {std::pair("surplus", "not in the net"), std::pair("unknown", "chosen, but not there")})
        for (const Json& name : map.at(list)) rows.push_back({"-", escaped(name.get<std::string>()), words});
    return table(rows) + fmt::format("\nnames: {}; {} found, {} of another shape, {} missing, {} not in the net\n", map.value("naming", ""),
                                     map.at("matches").size(), map.at("misfits").size(), map.at("missing").size(), map.at("surplus").size());
}

struct Import {
    std::string file, arch, map, writtenMap;
    Sizes sizes;
};

int importWeights(const Session& session, const Import& wanted) {
    Json question{{"ask", "weights"}, {"path", std::filesystem::absolute(wanted.file).string()}, {"arch", wanted.arch}};
    if (!wanted.map.empty()) question["map"] = std::filesystem::absolute(wanted.map).string();
    wanted.sizes.addTo(question);
    const Json map = askWorker(session, question);
    if (!wanted.writtenMap.empty()) store::writeAtomically(wanted.writtenMap, store::documentText(map.at("choice")));
    if (session.json) print(map);
    else printText(readableMap(map));
    return 0;
}

void addImport(CLI::App& command, Session& session) {
    auto wanted = std::make_shared<Import>();
    CLI::App* imported = command.add_subcommand("import", "Show which tensors of a safetensors file are which parameters of an architecture");
    imported->add_option("file", wanted->file, "safetensors file, or the index of its shards (model.safetensors.index.json)")->required();
    imported->add_option("--arch", wanted->arch, "architecture, as in model.arch")->required();
    imported->add_option("--map", wanted->map, "JSON file of names to take in place of those found, as model.weights_map");
    imported->add_option("--write-map", wanted->writtenMap, "write the names that were found as such a file, to be edited");
    addSizes(*imported, wanted->sizes);
    imported->callback([wanted, &session] { session.run = [wanted, &session] { return importWeights(session, *wanted); }; });
}

void addFileShow(CLI::App& command, Session& session) {
    auto wanted = std::make_shared<std::pair<std::string, Sizes>>();
    CLI::App* shown = command.add_subcommand("show", "Show what an ONNX file or an architecture holds: operators, parameters, inputs");
    shown->add_option("model", wanted->first, "ONNX file, or an architecture as in model.arch")->required();
    addSizes(*shown, wanted->second);
    shown->callback([wanted, &session] { session.run = [wanted, &session] { return show(session, wanted->first, wanted->second); }; });
}

}  // namespace

void addModels(CLI::App& app, Session& session) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* command = app.add_subcommand("models", "List the architectures with their size");
    addSizes(*command, *sizes);
    command->callback([sizes, &session] { session.run = [sizes, &session] { return list(session, *sizes); }; });
}

void addModel(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("model", "Look at a model's file, or at an architecture");
    command->require_subcommand(1);
    addFileShow(*command, session);
    addImport(*command, session);
}

}  // namespace headroom::cli
