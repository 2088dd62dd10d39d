// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "base/graph/graph.h"
#include "base/units/units.h"

namespace headroom::graph {

enum class DeviceKind { Cpu, Cuda };

/// Which arithmetic a node may use when the run's precision is lower than fp32. In that case every floating activation
/// has the low precision, whatever node makes it, but the outputs of Keep nodes, which are fp32.
enum class PrecisionClass {
    Lower,   ///< matrix products and convolutions: inputs and parameters are cast to the low precision
    Follow,  ///< activations in the low precision, parameters and buffers as fp32 (norms compute statistics in fp32)
    Keep     ///< reads what comes, without casts, computes in fp32 and writes fp32 (losses)
};

/// The shapes and attributes that an entry's functions look at: one node with the types of its inputs and outputs.
struct NodeView {
    const Node& node;
    std::vector<const TensorType*> inputs;                    ///< nullptr for an absent optional input
    std::vector<const TensorType*> outputs;                   ///< empty during shape inference
    std::vector<const std::vector<std::int64_t>*> constants;  ///< whole numbers of constant inputs, else nullptr
    std::vector<const std::vector<double>*> reals;            ///< likewise of a floating type
};
/// As NodeView, with extents put in for names and the element types that the precision policy chose.
struct ResolvedTensor {
    DType dtype;
    std::vector<std::int64_t> shape;
    std::int64_t elements() const { return elementCount(shape); }
    Bytes bytes() const { return elements() * byteSize(dtype); }
    bool operator==(const ResolvedTensor&) const = default;
};
/// Absent optional inputs and constants are tensors of no elements (shape {0}).
struct ResolvedNode {
    const Node& node;
    std::vector<ResolvedTensor> inputs, outputs;
};

/// What a node needs after its forward for its backward: an input (as the kernel saw it: after its cast), an output, or
/// a tensor of its own. Complete: a backward kernel sees nothing else but the output gradients, the extents of all
/// inputs and outputs (which need no memory) and the step's identity. Parameters that it reads are listed as inputs.
struct Saved {
    enum class From { Input, Output, Extra } from;
    int index = 0;           ///< of the input or output; of the extra among the extras
    ResolvedTensor extra{};  ///< From::Extra: what forward additionally allocates (mask, statistics, indices)
    /// From::Extra: the input of which it is the gradient, for an upstream gradient of one. Backward scales it in place and
    /// hands it on; it makes no tensor for that input.
    int gradientOf = kNone;
    /// From::Input: the only input whose gradient needs it; it is not kept where that gradient is not wanted (the input of
    /// a product with a frozen weight).
    int onlyFor = kNone;
};

/// How a device computes, as far as kernels need memory for it.
struct Arithmetic {
    DeviceKind device = DeviceKind::Cpu;
    bool emulatesBf16 = false;  ///< products of bf16 matrices are computed in fp32 copies
    int threads = 1;
};

/// Most bytes that a kernel holds inside, beside inputs, outputs and what it saves; backward: beside the gradients that
/// come and those that it makes.
struct Workspace {
    Bytes forward = 0, backward = 0;
};

struct Cost {
    double forwardFlops = 0, backwardFlops = 0;  ///< a multiply-add counts as 2
    Bytes forwardBytes = 0, backwardBytes = 0;   ///< read and written once each
};

/// How the channels of an output dimension come from an input dimension; pruning follows these links.
struct ChannelLink {
    enum class Kind {
        Same,     ///< channel k of the input is channel k of the output
        Mixes,    ///< every output channel depends on every input channel (a new group begins)
        Repeats,  ///< input channel k becomes `factor` consecutive channels (flatten)
        Splits    ///< the input's channels are split into heads or groups of `factor`
    } kind;
    int input = 0, inputDim = 0;
    int output = 0, outputDim = 0;
    std::int64_t factor = 1;
};

constexpr int kAnyNumber = 1 << 20;

/// Everything about an operator that needs no tensors. The engine's half (forward, backward) lies in the file of the
/// same name under core/engine/run/ops. Functions are pure and may be null where the default in brackets holds.
struct OpEntry {
    std::string_view name;         ///< ONNX name
    std::string_view domain = "";  ///< "" = ONNX; "headroom" = ours, lowered before an export
    int sinceOpset = 1;
    int minInputs = 1, maxInputs = 1;  ///< kAnyNumber: no bound
    int outputs = 1;                                    ///< 0: as many as infer returns (split)
    std::span<const std::string_view> attributes = {};  ///< allowed names
    PrecisionClass precision = PrecisionClass::Follow;
    std::span<const int> quantisableInputs = {};
    /// Inputs that have to be constants of the graph: the outputs' shapes follow from what they hold.
    std::span<const int> constantInputs = {};

    /// Types of the outputs. Throws Error with code CFG-09 and no subject; the graph adds the node's name.
    std::vector<TensorType> (*infer)(const NodeView&) = nullptr;
    /// [nothing]
    std::vector<Saved> (*saves)(const ResolvedNode&, DeviceKind) = nullptr;
    /// [0]
    Workspace (*workspace)(const ResolvedNode&, const Arithmetic&) = nullptr;
    /// [0 FLOPs, inputs and outputs once]
    Cost (*cost)(const ResolvedNode&) = nullptr;
    /// [no links]
    std::vector<ChannelLink> (*channels)(const NodeView&) = nullptr;

    /// Whether aliasesInput (and with it sharesGradient) holds for these extents. [always]
    bool (*isView)(const ResolvedNode&) = nullptr;

    bool aliasesInput = false;  ///< the outputs share the storage of input 0 (reshape, split)
    /// Backward hands the gradient of output 0 on without a copy to every input of the same number of elements (add,
    /// reshape); an input of fewer elements (broadcast) gets a tensor of its own.
    bool sharesGradient = false;
    bool mayWriteInput = false;        ///< forward may write output 0 over input 0 where nothing else needs it (relu)
    bool identityInInference = false;  ///< outside training output 0 is input 0 itself (dropout)
    bool differentiable = true;
    bool keepsOutputs = false;  ///< outputs are fp32 whatever the class of the rest (a product and the loss of it in one)
    /// Buffers that forward changes in place in training (running statistics).
    std::span<const int> updatedInputs = {};
};

/// A node with the types of its inputs (and of its outputs, where it has them already).
NodeView viewOf(const Graph& graph, const Node& node);

/// Every operator there is, for documents and tests.
std::span<const OpEntry* const> allOps();
/// The operator of that name, or null.
const OpEntry* findOp(std::string_view name, std::string_view domain = "");

}  // namespace headroom::graph
