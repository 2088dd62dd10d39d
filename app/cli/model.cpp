// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

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

std::string readable(const Json& model) {
    std::vector<std::vector<std::string>> rows{{"model", escaped(model.value("file", ""))}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) rows.push_back({name, value});
    };
    add("format", fmt::format("ONNX, opset {}", model.value("opset", 0)));
    add("made by", escaped(model.value("producer", "")));
    for (const char* side : {"input", "output"})
        for (const Json& value : model.at(side + std::string("s"))) add(side, escaped(value.value("name", "")) + "  " + valueText(value));
    add("parameters", fmt::format("{}", model.value("parameters", 0)));
    add("buffers", fmt::format("{}", model.value("buffers", 0)));
    add("weights", fmt::format("{} bytes", model.value("weights_bytes", 0)));
    add("nodes", fmt::format("{}", model.value("nodes", 0)));
    for (const Json& op : model.at("operators")) add("operator", fmt::format("{}  {}", op.value("name", ""), op.value("count", 0)));
    std::string closed;
    for (const Json& op : model.at("without_gradient")) closed += (closed.empty() ? "" : ", ") + op.get<std::string>();
    add("no gradient through", closed);
    if (model.value("batch_freed", false)) add("batch", "fixed at 1 in the file, free here");
    for (const auto& [key, value] : model.at("metadata").items()) add("metadata", escaped(key) + "  " + escaped(value.get<std::string>()));
    return table(rows);
}

int show(const Session& session, const std::string& file) {
    const Json model = askWorker(session, {{"ask", "model"}, {"path", std::filesystem::absolute(file).string()}});
    if (session.json) print(model);
    else printText(readable(model));
    return 0;
}

}  // namespace

void addModel(CLI::App& app, Session& session) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("model", "Look at a model's file");
    command->require_subcommand(1);
    CLI::App* shown = command->add_subcommand("show", "Show what an ONNX file holds: operators, parameters, inputs, opset");
    shown->add_option("file", *file, "ONNX file")->required();
    shown->callback([file, &session] { session.run = [file, &session] { return show(session, *file); }; });
}

}  // namespace headroom::cli
