// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/op_entry.h"

namespace headroom::plan {

/// What memory is for (the gradients of activations count as activations); the colours of the memory bar and the kinds
/// of the counting allocator.
enum class Kind { Weights, Gradients, Optimizer, Activations, Workspace, Batches, Ema, Other };
constexpr std::size_t kKinds = 8;
std::string_view name(Kind);
using BytesByKind = std::array<Bytes, kKinds>;

enum class Precision {
    Fp32,
    Bf16,        ///< activations and products; parameters and their gradients are fp32
    Bf16Weights  ///< as Bf16, and the parameters that one matrix product or convolution alone reads are kept in bf16
};
enum class Mode { Training, Inference };
/// The gradients of the parameters when a micro-batch begins.
enum class Gradients {
    Absent,  ///< they come to be; no other micro-batch adds to them
    First,   ///< they come to be, and others add to them: sums are fp32
    Present  ///< they are there and are added to
};

/// A place that holds one tensor for a while. The executor keeps one tensor a slot. Several slots may share one memory;
/// it is free when the last of them is released. Extents and type stay valid after the release: kernels learn the
/// extents of tensors that were not saved from here.
using SlotId = std::int32_t;
struct Slot {
    Kind kind = Kind::Activations;
    graph::ResolvedTensor tensor;
    /// The slot whose memory this one shares (reshape, shared gradients, written in place), or kNone: it owns its
    /// bytes. Always the one at the bottom: an alias of an alias names the slot that allocated.
    SlotId aliasOf = graph::kNone;
    std::string owner;  ///< name of the value, "<value>.bf16", "<node>.saved.<k>", "<value>.grad"
};

/// Before a node runs: `from` is converted into `to` (another element type).
struct Cast {
    SlotId from, to;
};

/// What happens to the gradient that a node's backward makes for one of its inputs. A kernel makes it in the type that
/// it saw the input in (after its cast). The executor handles the inputs in order and drops the kernel's tensor at
/// once.
struct GradientTarget {
    enum class Action {
        Drop,        ///< nobody needs it; the kernel is told not to compute it
        Store,       ///< moved into the slot (converted to the slot's type where it differs)
        StoreCopy,   ///< a copy goes into the slot: a parameter's gradient that the kernel only handed on
        AddInPlace,  ///< added to what the slot holds
        AddNew       ///< the slot gets the sum as a new tensor: what `present` holds is shared with another slot
    } action = Action::Drop;
    SlotId slot = graph::kNone;
    SlotId present = graph::kNone;  ///< AddNew: the gradient so far; in `release` of the same instruction
};

/// The memory of a slot, with all that shares it, and its place outside of the device's memory: bytes from the beginning.
struct Outside {
    SlotId slot = graph::kNone;
    Bytes place = 0;
};

/// One node run forward or backward, with everything that happens around it.
struct Instruction {
    enum class What { Forward, Backward } what = What::Forward;
    graph::NodeId node = graph::kNone;
    /// A forward made again for the backward pass, whose first outputs were not kept: buffers stay as they are.
    bool again = false;
    std::vector<Outside> fetches;  ///< come back before anything else
    std::vector<Cast> casts;
    /// What forward reads (casts done); backward: kNone where the input was not saved. Absent inputs and constants are
    /// kNone in both: constants have no slot, a kernel takes the resolved extents.
    std::vector<SlotId> inputs;
    std::vector<SlotId> outputs;          ///< what forward writes; backward: kNone where the output was not saved
    std::vector<SlotId> extras;           ///< saved tensors of the node's own, by their index; empty in inference
    std::vector<SlotId> outputGradients;  ///< backward: kNone where no gradient arrives
    std::vector<GradientTarget> inputGradients;  ///< backward: one an input
    bool writesInput = false;                    ///< output 0 is written over input 0
    /// Parameters whose gradient is complete with this node: updated after it, then the gradient goes (it is in `release`).
    std::vector<graph::ValueId> updates;
    std::vector<SlotId> release;                 ///< dropped after the node (and after its gradients are handed on)
    std::vector<Outside> stores;                 ///< go out after that; their slots live on
    BytesByKind liveAfter{};  ///< owned bytes of all slots alive at this node boundary, without workspace
};

/// Bytes that come (positive) or go (negative) while an instruction runs, in order; workspace comes and goes within one.
struct Change {
    std::uint32_t instruction = 0;
    Kind kind = Kind::Activations;
    SlotId slot = graph::kNone;  ///< kNone: a gradient that a kernel made, until it is handed on
    Bytes bytes = 0;
};

/// One micro-batch as the executor runs it: its slots and instructions, in order. Pure data; a function of the graph,
/// the extents, the precision and the device.
struct Program {
    Mode mode = Mode::Training;
    Gradients gradients = Gradients::Absent;
    graph::Extents extents;
    Precision precision = Precision::Fp32;
    std::vector<Slot> slots;
    std::vector<SlotId> valueSlots;      ///< by ValueId: slot of the value itself, the last one where it is made twice; kNone for constants
    std::vector<SlotId> gradientSlots;   ///< by ValueId: slot of the gradient of a parameter, else kNone
    SlotId lossGradient = graph::kNone;  ///< training: made by the executor before the first backward, fp32 [1]
    std::vector<SlotId> kept;            ///< alive at the end: the graph's outputs in order, then LowerOptions::keep
    std::vector<Instruction> instructions;
    std::vector<Change> changes;  ///< from nothing: liveBefore is their sum before the first instruction's own
    BytesByKind liveBefore{};     ///< parameters, buffers, inputs (and present gradients)
    /// Largest sum over kinds at a node boundary or inside a node: all that it reads and makes alive, and its workspace.
    Bytes peak = 0;
    BytesByKind atPeak{};
    std::size_t peakInstruction = 0;
    Bytes outside = 0;  ///< room that Instruction::stores take
};

/// Most bytes that the program takes from instruction `from` on, above what is alive just before it.
Bytes takenFrom(const Program& program, std::size_t from);

struct LowerOptions {
    Mode mode = Mode::Training;
    Gradients gradients = Gradients::Absent;
    Precision precision = Precision::Fp32;
    graph::DeviceKind device = graph::DeviceKind::Cpu;
    bool emulatesBf16 = false;  ///< products of bf16 matrices are computed in fp32
    int threads = 1;            ///< that the kernels run on
    graph::Extents extents;
    std::vector<graph::ValueId> keep;  ///< activations that stay alive to the end (the loss, logits to be read)
    /// By NodeId: what these nodes make does not wait for the backward pass, which makes it again when it needs it. Empty:
    /// none. Nodes whose outputs are kept are left out.
    std::vector<bool> recompute{};
    /// Each parameter is updated within the backward pass, when its gradient is complete; with Gradients::Absent alone.
    bool optimizerInBackward = false;
    /// By NodeId: what these nodes make waits for the backward pass outside of the device's memory (moveOut()). Empty: none.
    std::vector<bool> offload{};
};

/// Lowers a graph whose outputs[0] is the value to differentiate (training) or to read (inference). Liveness decides
/// every release; an activation that no backward saved goes as soon as its last reader has run. Inputs belong to the
/// caller and are never released, nor are parameters, buffers and parameter gradients.
/// With bf16, floating inputs arrive as bf16, but those that only Keep nodes read (targets of a regression).
Program lower(const graph::Graph& graph, const LowerOptions& options);

}  // namespace headroom::plan
