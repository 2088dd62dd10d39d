// SPDX-License-Identifier: Apache-2.0
#include "base/models/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/errors/error.h"
#include "base/errors/suggestion.h"
#include "base/graph/ops/loss.h"
#include "base/graph/ops/shape.h"
#include "base/models/builders.h"

namespace headroom::models {
namespace {

using graph::Dim;
using graph::DType;
using graph::ValueId;

/// One number or class a sample, from pictures of so many pixels at least.
template <std::int64_t side>
bool isPicture(const DataShape& data) {
    return data.kind == DataKind::Pictures && data.task != Task::Segmentation && std::min(data.height, data.width) >= side;
}
bool isVector(const DataShape& data) { return data.kind == DataKind::Table || isPicture<0>(data); }
bool isMasked(const DataShape& data) {
    constexpr std::int64_t kSmallest = 16;  // four pools of 2
    return data.kind == DataKind::Pictures && data.task == Task::Segmentation && std::min(data.height, data.width) >= kSmallest;
}
bool isText(const DataShape& data) { return data.kind == DataKind::Text; }

constexpr std::string_view kFour = "pictures of at least 4 x 4 pixels with one class each", kEight = "pictures of at least 8 x 8 pixels with one class each",
                           kSixteen = "pictures of at least 16 x 16 pixels with one class each";

constexpr auto kArchitectures = std::to_array<Architecture>({
    {"mlp", "Multilayer perceptron",
     "Three fully connected layers of 256 with batch normalisation and ReLU: for tables, and as a quick baseline.",
     isVector, "a table, or pictures with one class each"},
    {"tabular_resnet", "ResNet for tables",
     "Two residual blocks of 192 with a hidden layer of 384: often the best net for a table of some thousand rows.",
     isVector, "a table, or pictures with one class each"},
    {"cnn", "Small convolutional net",
     "Four 3x3 convolutions with batch normalisation, two pools and 128 hidden units: for small pictures.", isPicture<4>, kFour},
    {"resnet20", "ResNet-20",
     "Nine residual blocks of 16 to 64 maps: more accurate than the small net on colour pictures, and slower.",
     isPicture<4>, kFour},
    {"resnet18", "ResNet-18",
     "Eight residual blocks of 64 to 512 maps, 11.7 million parameters: a sure start for photographs.", isPicture<8>, kEight},
    {"resnet34", "ResNet-34",
     "Sixteen residual blocks of 64 to 512 maps, 21.8 million parameters.", isPicture<8>, kEight},
    {"resnet50", "ResNet-50",
     "Sixteen bottleneck blocks of 256 to 2,048 maps, 25.6 million parameters: the usual yardstick.", isPicture<8>, kEight},
    {"mobilenet_v2", "MobileNetV2",
     "Seventeen inverted residual blocks, 3.5 million parameters: for telephones and other small devices.", isPicture<8>, kEight},
    {"mobilenet_v3_small", "MobileNetV3 small",
     "Eleven inverted residual blocks with squeeze and excitation, 2.5 million parameters: the fastest of these nets in use.",
     isPicture<8>, kEight},
    {"efficientnet_b0", "EfficientNet-B0",
     "Sixteen inverted residual blocks with squeeze and excitation, 5.3 million parameters: accurate for its size.",
     isPicture<8>, kEight},
    {"convnext_tiny", "ConvNeXt-T",
     "Eighteen blocks of depthwise 7x7 convolutions, 28.6 million parameters: the most accurate convolutional net of these.",
     isPicture<16>, kSixteen},
    {"vit_tiny", "ViT-Ti",
     "A transformer over patches of a picture, 12 layers of 192, 5.7 million parameters: good with pretrained weights.",
     isPicture<8>, kEight},
    {"vit_small", "ViT-S",
     "A transformer over patches of a picture, 12 layers of 384, 22 million parameters: good with pretrained weights.",
     isPicture<8>, kEight},
    {"unet_small", "Small U-Net",
     "Four levels of 16 to 256 maps with connections across: gives every pixel of a picture a class.", isMasked,
     "pictures of at least 16 x 16 pixels with a class for each pixel"},
    {"gpt_mini", "Small GPT",
     "A decoder of 4 layers, width 128 and 4 heads that learns to continue text character by character.", isText,
     "text"},
    {"gpt", "GPT",
     "A decoder in GPT-2's layout, of 124 million parameters where width, layers and heads are not set.", isText, "text"},
    {"lstm", "LSTM",
     "Two recurrent layers of 256 that learn to continue text: small, and as slow as the text is long.", isText, "text"},
});

using Builder = graph::Graph (*)(const DataShape&, const ModelOptions&);
constexpr std::array<Builder, kArchitectures.size()> kBuilders{
    buildMlp,         buildTabularResnet,    buildCnn,            buildResnet20,     buildResnet18, buildResnet34,
    buildResnet50,    buildMobilenetV2,      buildMobilenetV3Small, buildEfficientnetB0, buildConvnextTiny, buildVitTiny,
    buildVitSmall,    buildUnetSmall,        buildGptMini,        buildGpt,          buildLstm};

std::string allNames() {
    std::string names;
    for (const Architecture& each : kArchitectures) names += (names.empty() ? "" : ", ") + std::string(each.name);
    return names;
}

/// Those at most two edits away.
std::vector<std::string_view> near(std::string_view name) {
    std::vector<std::string_view> names;
    for (const Architecture& each : kArchitectures)
        if (editDistance(each.name, name) < 3) names.push_back(each.name);
    return names;
}

std::string_view kindName(DataKind kind) {
    constexpr std::array<std::string_view, 3> kNames{"pictures", "a table", "text"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const DataShape& data) {
    if (data.kind != DataKind::Pictures) return std::string(kindName(data.kind));
    return fmt::format("pictures of {} x {} pixels{}", data.height, data.width, data.task == Task::Segmentation ? " with a class for each pixel" : "");
}

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture& architecture(std::string_view name) {
    const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
    if (found != kArchitectures.end()) return *found;
    throw Error(Failure{Code::Cfg04, "model.arch", "no such architecture", escaped(name), allNames() + " allowed", didYouMean(near(name))});
}

std::string_view suggestedArchitecture(const DataShape& data) {
    if (isText(data)) return "gpt_mini";
    if (data.task == Task::Segmentation) return "unet_small";
    return isPicture<4>(data) ? "cnn" : "mlp";
}

ValueId addInput(graph::Graph& graph, const DataShape& data) {
    if (data.kind == DataKind::Text)
        return graph.addInput("tokens", {DType::I64, {Dim::named("batch"), Dim::named("sequence")}});
    graph::Shape shape{Dim::named("batch"), Dim::fixed(data.features)};
    if (data.kind == DataKind::Pictures)
        shape = {Dim::named("batch"), Dim::fixed(data.channels), Dim::fixed(data.height), Dim::fixed(data.width)};
    return graph.addInput("input", {DType::F32, std::move(shape)});
}

graph::Graph build(std::string_view name, const DataShape& data, const ModelOptions& options) {
    const Architecture& wanted = architecture(name);
    if (!wanted.suits(data))
        throw Error(Failure{Code::Dat05, std::string(wanted.name), "the architecture does not suit the data",
                            describe(data), fmt::format("{} needed", wanted.needs),
                            fmt::format("Set model.arch to {}.", suggestedArchitecture(data))});
    graph::Graph net = kBuilders[static_cast<std::size_t>(&wanted - kArchitectures.data())](data, options);
    net.name = wanted.name;
    return net;
}

namespace {

/// The classes of every pixel as rows, in the order of the targets.
ValueId pixelRows(graph::Graph& graph, ValueId logits) {
    const std::int64_t classes = graph.value(logits).type.shape[1].extent;
    const graph::Attributes last{{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}};
    const ValueId turned = graph.addNode(graph::kTranspose, "pixels", {logits}, last).front();
    return graph.addNode(graph::kReshape, "pixel_rows", {turned, graph.addConstant("classes_of_pixels", {-1, classes})}).front();
}

/// Of the classes: one a sample, a token or a pixel.
graph::Shape targetShape(const graph::Graph& graph, ValueId logits, Task task) {
    const Dim batch = Dim::named("batch");
    if (task == Task::NextToken) return {batch, Dim::named("sequence")};
    if (task != Task::Segmentation) return {batch};
    const graph::Shape& shape = graph.value(logits).type.shape;
    return {batch, shape[2], shape[3]};
}

}  // namespace

void appendLoss(graph::Graph& graph, Task task, double labelSmoothing) {
    const ValueId logits = graph.outputs().front();
    ValueId loss = graph::kNone;
    if (task == Task::Regression) {
        const ValueId target = graph.addInput("target", graph.value(logits).type);
        loss = graph.addNode(graph::kMeanSquaredError, "loss", {logits, target}).front();
    } else {
        const ValueId target = graph.addInput("target", {DType::I64, targetShape(graph, logits, task)});
        const ValueId rows = task == Task::Segmentation ? pixelRows(graph, logits) : logits;
        graph::Attributes attributes;
        if (task == Task::Segmentation) attributes.emplace("ignore_index", kIgnoredClass);
        if (labelSmoothing > 0) attributes.emplace("label_smoothing", labelSmoothing);
        loss = graph.addNode(graph::kSoftmaxCrossEntropy, "loss", {rows, target}, std::move(attributes)).front();
    }
    graph.setOutputs({loss, logits});
}

}  // namespace headroom::models
