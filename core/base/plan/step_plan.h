// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "base/plan/offload.h"
#include "base/plan/optimizer_state.h"
#include "base/plan/program.h"
#include "base/plan/recompute.h"

namespace headroom::plan {

struct StepOptions {
    Precision precision = Precision::Fp32;
    graph::DeviceKind device = graph::DeviceKind::Cpu;
    bool emulatesBf16 = false;      ///< as LowerOptions
    int threads = 1;                ///< as LowerOptions
    graph::Extents extents;         ///< of one micro-batch
    std::int64_t microBatches = 1;  ///< of one optimizer step
    OptimizerState optimizer;
    bool ema = false;               ///< an averaged copy of parameters and buffers
    bool undo = false;              ///< copies of the buffers, so that a step can be undone
    bool keepsBest = false;         ///< a copy of the best weights that waits for the next checkpoint (StepPlan::bestCopy)
    std::int64_t batchesAhead = 0;  ///< micro-batches that the loader holds ready
    bool optimizerInBackward = false;  ///< parameters are updated as their gradients come; in a step of one micro-batch
    Recompute recompute = Recompute::Off;
    Offload offload = Offload::Off;
    Bytes budget = 0;  ///< Auto of both: what the process is to stay within; 0: nobody knows, nothing is done
};

/// The parts of a step in time.
enum class Stage {
    Resident,  ///< what every step finds: weights, optimizer state, averages, batches held ready
    First,     ///< the first micro-batch: gradients come to be
    Next,      ///< each further one: gradients are added to
    Update     ///< optimizer and averages, in place; then the gradients go
};

/// What is alive at a node boundary.
struct Moment {
    Stage stage = Stage::Resident;
    std::uint32_t instruction = 0;  ///< of the stage's program
    BytesByKind live{};
};

/// Bytes that come or go at a moment of the step; `slot` belongs to the stage's program, kNone is no slot.
struct StepChange {
    Stage stage = Stage::Resident;
    Change change;
};

/// One optimizer step: every allocation and release, what is alive at every node boundary, and the peak. The stage Next
/// stands for all micro-batches after the first, which are alike. Without the allocator's rounding.
struct StepPlan {
    std::vector<StepChange> changes;
    std::vector<Moment> moments;
    Bytes peak = 0;  ///< inside a node where that is more than at its boundaries
    BytesByKind atPeak{};
    Stage peakStage = Stage::Resident;
    std::uint32_t peakInstruction = 0;
    Bytes stateOutside = 0;  ///< optimizer state that lies outside of the device's memory
    Bytes bestCopy = 0;      ///< a copy of all that a checkpoint holds and steps change: weights, optimizer state, averages
    Program first, next;  ///< `next` is empty with one micro-batch
    std::vector<bool> recompute;  ///< by NodeId: what the backward pass makes again; empty = nothing
    std::vector<bool> offload;    ///< by NodeId: what waits outside of the device's memory; empty = nothing
};

/// Plans a step of a graph whose output 0 is the loss. Pure; microseconds, so that a slider can ask at every move. Where both
/// choices are Auto, things are made again first, and what that leaves beyond the budget goes out.
StepPlan plan(const graph::Graph& graph, const StepOptions& options);

/// Share of the forward pass that is run a second time, by FLOPs and bytes moved.
double shareMadeAgain(const graph::Graph& graph, const StepPlan& plan);

Bytes total(const BytesByKind& bytes);

}  // namespace headroom::plan
