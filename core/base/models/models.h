// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/graph/graph.h"

/// The built-in architectures: builders that make a Graph with fixed defaults for the data at hand.
namespace headroom::models {

enum class DataKind { Pictures, Table, Text };
enum class Task {
    Classification,  ///< target `target` [batch], whole numbers
    Regression,      ///< target `target` [batch, outputs], fp32
    NextToken,       ///< target `target` [batch, sequence], whole numbers
    Segmentation     ///< target `target` [batch, h, w], whole numbers: a class a pixel
};

/// The target of a pixel that counts for nothing, neither in the loss nor in figures.
inline constexpr std::int64_t kIgnoredClass = 255;

/// What a model has to know of the data.
struct DataShape {
    DataKind kind = DataKind::Pictures;
    Task task = Task::Classification;
    std::int64_t channels = 1, height = 0, width = 0;  ///< pictures
    std::int64_t features = 0;                         ///< table
    std::int64_t vocabulary = 0;                       ///< text: distinct characters
    std::int64_t context = 128;                        ///< text: longest sequence
    std::int64_t outputs = 0;  ///< classes, or numbers to predict; text: ignored, the vocabulary counts
};

/// What a net is made from besides its settings.
struct Basis {
    Basis(DataShape data = {}, std::shared_ptr<const graph::Graph> model = nullptr) : shape(data), file(std::move(model)) {}

    DataShape shape;
    std::shared_ptr<const graph::Graph> file;  ///< the graph of model.file; null: an architecture is built
};

struct ModelOptions {
    double dropout = 0;  ///< share of activations set to zero in training; 0 = no dropout nodes
    /// Of architectures of any size (gpt, lstm); 0 = the architecture's own. The width is a multiple of the heads.
    std::int64_t width = 0, layers = 0, heads = 0;

    auto operator<=>(const ModelOptions&) const = default;
};

struct Architecture {
    std::string_view name;   ///< as in the configuration, "resnet20"
    std::string_view title;  ///< as shown, "ResNet-20"
    std::string_view help;   ///< a sentence: what it is and what it suits
    bool (*suits)(const DataShape&);
    std::string_view needs;  ///< what suits() asks for, for messages: "pictures of at least 4 x 4 pixels"
};
/// All architectures, simplest first.
std::span<const Architecture> architectures();
/// The one of that name. Throws Error CFG-04, with the names that may be meant.
const Architecture& architecture(std::string_view name);
/// The first architecture to offer for this data: cnn, mlp or gpt_mini.
std::string_view suggestedArchitecture(const DataShape& data);

/// The net up to its logits: inputs `input` [batch, c, h, w] or [batch, features] in fp32 (logically NCHW), or `tokens`
/// [batch, sequence] of whole numbers; output `logits` [batch, outputs] ([batch*sequence, vocabulary] for text, [batch, outputs, h, w] for segmentation).
/// Throws Error CFG-04 for an unknown name, DAT-05 where the architecture does not suit the data.
graph::Graph build(std::string_view architecture, const DataShape& data, const ModelOptions& options = {});

/// Adds the input `target` and the loss node `loss` (a sum over samples, tokens or pixels) after output 0, the logits; the
/// outputs are then {loss, logits}. Label smoothing is for classes and tokens only.
void appendLoss(graph::Graph& graph, Task task, double labelSmoothing = 0);

struct GptSize {
    std::int64_t layers = 4, width = 128, heads = 4;
    std::string_view gelu = "none";  ///< ONNX's form: none (exact), tanh (GPT-2's)
};
constexpr GptSize kGpt2{12, 768, 12, "tanh"};  ///< its smallest, of 124 million parameters
/// A decoder of any size; gpt_mini is the default size. GPT-2's layout: pre-norm, GELU, learned positions, tied head;
/// parameters have the names and shapes of Hugging Face's GPT-2.
graph::Graph buildGpt(const DataShape& data, const GptSize& size, const ModelOptions& options = {});

}  // namespace headroom::models
