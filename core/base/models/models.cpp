// SPDX-License-Identifier: Apache-2.0
#include "base/models/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors/error.h"
#include "base/graph/ops/loss.h"
#include "base/models/builders.h"

namespace headroom::models {
namespace {

using graph::Dim;
using graph::DType;
using graph::ValueId;

constexpr std::int64_t kSmallestPicture = 4;  // two pools of 2

bool isVector(const DataShape& data) { return data.kind != DataKind::Text; }
bool isPicture(const DataShape& data) {
    return data.kind == DataKind::Pictures && data.height >= kSmallestPicture && data.width >= kSmallestPicture;
}
bool isText(const DataShape& data) { return data.kind == DataKind::Text; }

constexpr auto kArchitectures = std::to_array<Architecture>({
    {"mlp", "Multilayer perceptron",
     "Three fully connected layers of 256 with batch normalisation and ReLU: for tables, and as a quick baseline.",
     isVector, "a table or pictures"},
    {"cnn", "Small convolutional net",
     "Four 3x3 convolutions with batch normalisation, two pools and 128 hidden units: for small pictures.", isPicture,
     "pictures of at least 4 x 4 pixels"},
    {"resnet20", "ResNet-20",
     "Nine residual blocks of 16 to 64 maps: more accurate than the small net on colour pictures, and slower.",
     isPicture, "pictures of at least 4 x 4 pixels"},
    {"gpt_mini", "Small GPT",
     "A decoder of 4 layers, width 128 and 4 heads that learns to continue text character by character.", isText,
     "text"},
});

using Builder = graph::Graph (*)(const DataShape&, const ModelOptions&);
constexpr std::array<Builder, kArchitectures.size()> kBuilders{buildMlp, buildCnn, buildResnet20, buildGptMini};

std::string allNames() {
    std::string names;
    for (const Architecture& each : kArchitectures) names += (names.empty() ? "" : ", ") + std::string(each.name);
    return names;
}

std::string_view kindName(DataKind kind) {
    constexpr std::array<std::string_view, 3> kNames{"pictures", "a table", "text"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const DataShape& data) {
    if (data.kind != DataKind::Pictures) return std::string(kindName(data.kind));
    return fmt::format("pictures of {} x {} pixels", data.height, data.width);
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

std::string_view suggestedArchitecture(const DataShape& data) {
    if (isText(data)) return "gpt_mini";
    return isPicture(data) ? "cnn" : "mlp";
}

ValueId addInput(graph::Graph& graph, const DataShape& data) {
    graph::Shape shape{Dim::named("batch"), Dim::fixed(data.features)};
    if (data.kind == DataKind::Pictures)
        shape = {Dim::named("batch"), Dim::fixed(data.channels), Dim::fixed(data.height), Dim::fixed(data.width)};
    return graph.addInput("input", {DType::F32, std::move(shape)});
}

graph::Graph build(std::string_view architecture, const DataShape& data, const ModelOptions& options) {
    const auto found = std::ranges::find(kArchitectures, architecture, &Architecture::name);
    if (found == kArchitectures.end())
        throw Error(Failure{
            Code::Cfg04, "model.arch", "no such architecture", escaped(architecture), allNames() + " allowed", {}});
    if (!found->suits(data))
        throw Error(Failure{Code::Dat05, std::string(found->name), "the architecture does not suit the data",
                            describe(data), fmt::format("{} needed", found->needs),
                            fmt::format("Set model.arch to {}.", suggestedArchitecture(data))});
    graph::Graph net = kBuilders[static_cast<std::size_t>(found - kArchitectures.begin())](data, options);
    net.name = found->name;
    return net;
}

void appendLoss(graph::Graph& graph, Task task, double labelSmoothing) {
    const ValueId logits = graph.outputs().front();
    const Dim batch = Dim::named("batch");
    ValueId loss = graph::kNone;
    if (task == Task::Regression) {
        const ValueId target = graph.addInput("target", graph.value(logits).type);
        loss = graph.addNode(graph::kMeanSquaredError, "loss", {logits, target}).front();
    } else {
        const bool isSequence = task == Task::NextToken;
        const ValueId target = graph.addInput(
            "target", {DType::I64, isSequence ? graph::Shape{batch, Dim::named("sequence")} : graph::Shape{batch}});
        graph::Attributes attributes;
        if (labelSmoothing > 0) attributes.emplace("label_smoothing", labelSmoothing);
        loss = graph.addNode(graph::kSoftmaxCrossEntropy, "loss", {logits, target}, std::move(attributes)).front();
    }
    graph.setOutputs({loss, logits});
}

}  // namespace headroom::models
