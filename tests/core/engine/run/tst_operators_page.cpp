// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/plan/types.h"
#include "core/base/graph/operator_rows.h"
#include "core/engine/run/reference.h"
#include "engine/run/kernel.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::graph;

namespace {

constexpr std::string_view kIntroduction = R"(<!-- Made from the operators' tables by tst_run (class OperatorsPage). Do not edit: a test compares it. -->
# Operators

Nodes of a graph have the names and the meaning of ONNX operators, opset 23. A file of opset 7 to 23 is lifted to them when it
is read (`core/engine/formats/onnx_lifting.cpp`) and lowered when one is written (`onnx_lowering.cpp`). Also read, as other operators or as
nothing at all: CastLike, CenterCropPad, Constant, Scatter, Upsample, and what computes shapes from constants and known extents. What a
file writes as several nodes, since its opset has no such operator or its program knew none, is read as one: Attention with its masks,
LayerNormalization, RMSNormalization, GroupNormalization, RotaryEmbedding, Gelu, Mish (`onnx_recognition.h`). Anything else - If, Loop, Scan,
sequences, strings, sparse tensors, 8- and 4-bit floats, random numbers, results whose shape depends on data, local functions, other domains,
weights outside the file - is refused, all such nodes at once. Numbers of uint16, uint32 and uint64 are computed as int64.

- **forward**: *own*: a kernel that makes its outputs; *in place*: such a one, which may write over input 0 where nothing else needs that;
  *view*: the outputs share the memory of input 0, where its extents allow it; *in training*: outside of it input 0 goes on as it is.
- **backward**: *own*: a kernel of its own; *segment*: LibTorch differentiates this node alone; *none*: no gradient passes, the
  operator is for inference. Some have a kernel of their own for their usual form and are a segment in any other: Attention with a mask,
  a cache, grouped heads, a softcap or further outputs is one, and saves its inputs.
- **saves**: what forward keeps for the backward pass, of the node in the tests.
- **channels**: how the channels of the output come from the input's, for pruning: *same*, *mixes*, *repeats*, *splits*.
- **precision**: at lower precision *lower* casts its operands, *follow* takes what comes and computes sums wider, *keep* stays in fp32.
- **constants**: inputs that have to be known when the graph is made.

)";

/// A node for which the entry's functions can be asked.
struct Example {
    Graph graph;
    const Node& node() const { return graph.node(0); }
};

Shape dimsOf(const std::vector<std::int64_t>& extents) {
    Shape shape;
    for (const std::int64_t extent : extents) shape.push_back(Dim::fixed(extent));
    return shape;
}

Example exampleOf(const test::OperatorCase& one) {
    Example example;
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < one.inputs.size(); ++i) {
        const std::string name = "input" + std::to_string(i);
        const bool whole = std::ranges::count(one.integers, i) > 0;
        if (std::ranges::count(one.constants, i)) inputs.push_back(example.graph.addConstant(name, {one.inputs[i].data.begin(), one.inputs[i].data.end()}));
        else inputs.push_back(example.graph.addInput(name, {whole ? DType::I64 : DType::F32, dimsOf(one.inputs[i].shape)}));
    }
    example.graph.addNode(*one.op, "node", inputs, one.attributes);
    return example;
}

Example exampleOf(const test::OperatorRow& row) {
    Example example;
    std::vector<ValueId> inputs;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        const std::string& text = row.inputs[i];
        inputs.push_back(text.empty() ? kNone : test::addRowInput(example.graph, text, i));
    }
    while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
    example.graph.addNode(*test::entryOf(row), "node", inputs, row.attributes);
    return example;
}

std::map<const OpEntry*, Example> examples() {
    std::map<const OpEntry*, Example> all;
    for (const test::OperatorCase& one : test::operatorCases()) all.try_emplace(one.op, exampleOf(one));
    for (const test::OperatorRow& row : test::operatorRows())
        if (!row.output.empty() && !all.contains(test::entryOf(row))) all.emplace(test::entryOf(row), exampleOf(row));
    return all;
}

std::string savesOf(const OpEntry& op, const Example& example) {
    if (!op.differentiable) return "-";
    if (!op.saves) return "nothing";
    const auto values = plan::resolvedValues(example.graph, {}, plan::Precision::Fp32);
    std::string inputs, outputs;
    int extras = 0;
    for (const Saved& saved : op.saves(plan::resolvedNode(example.node(), values, plan::Precision::Fp32), DeviceKind::Cpu)) {
        if (saved.from == Saved::From::Extra) ++extras;
        std::string& text = saved.from == Saved::From::Input ? inputs : outputs;
        if (saved.from != Saved::From::Extra) text += fmt::format("{}{}", text.empty() ? "" : ", ", saved.index);
    }
    std::vector<std::string> parts;
    if (!inputs.empty()) parts.push_back("input " + inputs);
    if (!outputs.empty()) parts.push_back("output " + outputs);
    if (extras > 0) parts.push_back(fmt::format("{} of its own", extras));
    return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, "; "));
}

std::string channelsOf(const OpEntry& op, const Example& example) {
    if (!op.channels) return "-";
    std::set<std::string> kinds;
    for (const ChannelLink& link : op.channels(viewOf(example.graph, example.node()))) {
        constexpr const char* kNames[] = {"same", "mixes", "repeats", "splits"};
        kinds.insert(kNames[static_cast<std::size_t>(link.kind)]);
    }
    return kinds.empty() ? "-" : fmt::format("{}", fmt::join(kinds, ", "));
}

std::string numbersOf(std::span<const int> numbers) { return numbers.empty() ? "-" : fmt::format("{}", fmt::join(numbers, ", ")); }

std::string forwardOf(const OpEntry& op) {
    const std::string text = op.aliasesInput ? "view" : op.mayWriteInput ? "in place" : "own";
    return op.identityInInference ? text + ", in training" : text;
}

std::string page() {
    constexpr const char* kClasses[] = {"lower", "follow", "keep"};
    const auto known = examples();
    std::vector<const OpEntry*> ops(allOps().begin(), allOps().end());
    std::ranges::sort(ops, {}, [](const OpEntry* op) { return std::pair(op->domain, op->name); });
    std::string text(kIntroduction);
    std::string_view domain = "none yet";
    for (const OpEntry* op : ops) {
        if (op->domain != domain) {
            domain = op->domain;
            text += domain.empty() ? "## Of ONNX\n\n" : "\n## Our own\n\nMade by rewrites, and losses; written as ONNX operators where a file is exported.\n\n";
            text += "| operator | since opset | forward | backward | saves | channels | precision | quantisable inputs | constants |\n"
                    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        }
        const char* backward = !op->differentiable ? "none" : run::kernel(*op).backward ? "own" : "segment";
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", op->name, domain.empty() ? std::to_string(op->sinceOpset) : "-", forwardOf(*op), backward,
                            savesOf(*op, known.at(op)), channelsOf(*op, known.at(op)), kClasses[static_cast<std::size_t>(op->precision)],
                            numbersOf(op->quantisableInputs), numbersOf(op->constantInputs));
    }
    return text;
}

}  // namespace

class OperatorsPage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyOperatorOfThePageHasAForwardKernel() {
        for (const OpEntry* op : allOps()) QVERIFY2(run::kernel(*op).forward, std::string(op->name).c_str());
    }

    void theCommittedPageIsTheGeneratedOne() {
        const std::string path = HEADROOM_DOCS "/operators.md";
        if (qEnvironmentVariableIsSet("HEADROOM_WRITE_DOCS")) std::ofstream(path, std::ios::binary) << page();
        std::ifstream file(path, std::ios::binary);
        std::ostringstream committed;
        committed << file.rdbuf();
        QVERIFY2(committed.str() == page(), "run: HEADROOM_WRITE_DOCS=1 tst_run -class OperatorsPage");
    }
};

HEADROOM_TEST(OperatorsPage)
#include "tst_operators_page.moc"
