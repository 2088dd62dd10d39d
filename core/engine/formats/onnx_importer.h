// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "engine/formats/onnx_batch.h"
#include "engine/formats/onnx_content.h"
#include "engine/formats/onnx_reader.h"

namespace headroom::formats {

/// A node of a file with the tensors among its attributes.
struct ForeignNode : OnnxNode {
    std::map<std::string, graph::HostTensor> tensors;
};

/// What helps where a node needs a length that the file leaves free.
constexpr const char* kFixLength = "Write the file with that length fixed.";

/// Builds a Graph from a file's nodes, one after the other. A value of the file is one of: a value of the graph; a weight, which
/// becomes a parameter or a buffer when it is read as data; content that is known, which becomes a constant where a node needs one.
/// Rules that lift a node read its inputs and give its outputs through this.
class OnnxImporter {
public:
    OnnxImporter(int opset, const OnnxReadOptions& options, OnnxModel& model) : m_opset(opset), m_options(options), m_model(model) {}

    /// The first dimension of every input is a batch, though the file says 1: from then on a node that may mix samples is refused.
    void freeBatch() { m_batch.emplace(); }
    void addInput(const std::string& name, graph::TensorType type);
    void addWeight(graph::HostTensor tensor, bool isConstantNode);
    /// Finds what constant inputs of the nodes are computed from. Inputs among that whose content options.known holds are taken as known.
    void findConstants(const std::vector<ForeignNode>& nodes);
    /// Outputs that neither a node nor `outputs` reads are as if they were not there: a file names them because its operator has them.
    void findReaders(const std::vector<ForeignNode>& nodes, const std::vector<std::string>& outputs);
    /// A node that is not supported like this is kept in mind, and what is made of it left out: finish() refuses them all.
    void add(const ForeignNode& node);
    void finish(const std::vector<std::string>& outputs);

    // --- for the rules, about the node that is being added
    int opset() const { return m_opset; }
    const ForeignNode& node() const { return *m_node; }
    std::size_t inputCount() const { return m_node->inputs.size(); }
    bool has(std::size_t input) const { return input < m_node->inputs.size() && !m_node->inputs[input].empty(); }
    bool wants(std::size_t output) const { return output < m_node->outputs.size() && m_read.contains(m_node->outputs[output]); }
    /// The input as a tensor of the graph.
    graph::ValueId data(std::size_t input);
    /// The input as a constant of the graph; refused where its content is not known. An absent one is kNone.
    graph::ValueId constant(std::size_t input);
    /// What is known of the input's content, or null.
    const Content* content(std::size_t input) const;
    /// Likewise; refused where it is not known.
    std::vector<std::int64_t> numbers(std::size_t input) const;
    /// Refuses kNone: an input that a rule needs is absent.
    const graph::TensorType& type(graph::ValueId value) const {
        if (value == graph::kNone) refuse("an input is absent");
        return m_model.graph.value(value).type;
    }
    std::int64_t integer(std::string_view attribute, std::int64_t fallback) const;
    double real(std::string_view attribute, double fallback) const;
    std::string text(std::string_view attribute, std::string_view fallback) const;
    std::vector<std::int64_t> integers(std::string_view attribute) const;

    graph::ValueId constantOf(std::vector<std::int64_t> numbers);
    graph::ValueId constantOf(std::vector<double> reals);
    /// A tensor of one number that is no parameter.
    graph::ValueId scalar(double number, graph::DType type);
    /// A node between; its first output.
    graph::ValueId step(std::string_view op, std::vector<graph::ValueId> inputs, graph::Attributes attributes = {});
    /// A node whose outputs are those of the file's node.
    void make(std::string_view op, std::vector<graph::ValueId> inputs, graph::Attributes attributes = {});
    /// The output is a value that there is already.
    void give(std::size_t output, graph::ValueId value);
    void giveContent(std::size_t output, Content content);
    /// Where a batch that was freed stands; nothing where the file's own dimensions are kept, or the value is the same for all samples.
    std::optional<BatchPlace> batchOf(graph::ValueId value) const { return m_batch ? m_batch->of(value) : std::nullopt; }
    /// The same for every sample of the batch, which becomes dimension `axis` of the shape; its other extents are 1 or the value's.
    graph::ValueId forEachSample(graph::ValueId value, std::vector<std::int64_t> shape, std::size_t axis);
    /// 0, 1, 2, ... as int64, as many as a named dimension is long; refused where no input has that dimension.
    graph::ValueId placesAlong(const graph::Dim& dim);
    /// Nothing but zeros, as a first state may be.
    bool isZeros(std::size_t input) const;
    /// The output is made when a node reads it as data, by the same rule.
    void giveLate(std::size_t output) { m_known[m_node->outputs[output]].maker = m_node; }
    bool isMadeLate() const { return m_depth > 0; }
    [[noreturn]] void refuse(std::string problem, std::string found = {}, std::string remedy = {}) const;

private:
    using Reader = std::pair<const ForeignNode*, std::size_t>;  ///< a node and its input
    struct Known {
        std::optional<graph::ValueId> value;  ///< as data
        std::optional<graph::ValueId> fixed;  ///< as a constant
        std::optional<Content> content;
        int weight = -1;                ///< among m_weights
        std::map<Reader, graph::ValueId> copies{};  ///< of a uniform vector: who has which
        const ForeignNode* maker = nullptr;  ///< of what named extents decide: made where it is read as data
    };
    [[noreturn]] void refuseUnknown(std::size_t input, const Content* found, const char* wanted) const;
    Known& known(const std::string& name);
    const std::string& resolved(const std::string& name) const;
    bool fold();
    void make();
    void note(Failure failure);
    bool readsRefused() const;
    bool foldShape();
    bool isTrainedOn(std::size_t input) const;
    graph::ValueId dataOf(const std::string& name);
    graph::ValueId weightValue(Known& known, const std::string& name);
    Reader reader() const;
    std::optional<graph::ValueId> madeFor(const Known& known) const;
    bool isUpdated(const graph::HostTensor& tensor, bool isConstantNode) const;
    bool isParameter(const graph::HostTensor& tensor, bool isConstantNode) const;
    graph::ValueId bufferOf(graph::HostTensor tensor);
    std::string fresh(std::string base, std::size_t outputs = 1);
    std::vector<graph::ValueId> makeNode(std::string_view op, const std::string& name, std::vector<graph::ValueId> inputs, graph::Attributes attributes, int outputCount);
    void checkSize(graph::ValueId value);

    int m_opset;
    std::optional<OnnxBatch> m_batch;  ///< where it was freed
    const OnnxReadOptions& m_options;
    OnnxModel& m_model;
    const ForeignNode* m_node = nullptr;
    std::map<std::string, Known> m_known;
    std::map<std::string, std::string> m_aliases;
    std::set<std::string> m_constants;  ///< names of what has to be known, and of all that it is computed from
    std::set<std::string> m_read;       ///< names of what is read
    std::set<std::string> m_refused;    ///< outputs of nodes that were refused, and what is made of them
    std::vector<Failure> m_refusals;    ///< one a node, the first of them
    std::size_t m_refusedNodes = 0;
    std::vector<graph::HostTensor> m_weights;
    std::vector<bool> m_fromConstantNode;
    std::set<std::string> m_names{"input", "tokens", "target", "loss"};  ///< taken: those of a training step's values too
    std::map<std::string, graph::TensorType> m_inputs;
    std::map<std::string, graph::ValueId> m_places;  ///< along a named dimension, made once
    std::uint64_t m_bytes = 0;
    std::size_t m_folded = 0;  ///< elements computed here
    std::size_t m_readAs = 0;  ///< input that data() is asked for
    int m_depth = 0;           ///< of nodes that are made late
};

/// Adds a file's node by the rule that lifts its operator to the graph's opset (onnx_lifting.cpp).
void lift(OnnxImporter& importer);
/// Whether there is a rule, or an operator of that name.
bool isLiftable(std::string_view op);
/// Whether inputs of the file's operator have to be known; by position.
std::vector<std::size_t> constantInputsOf(const OnnxNode& node, int opset);

}  // namespace headroom::formats
