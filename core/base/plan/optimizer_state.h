// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>

#include "base/config/run_config.h"
#include "base/graph/op_entry.h"

// What an optimizer remembers and the forms that it is kept in. The plan counts by it, the engine allocates by it.
namespace headroom::plan {

enum class StateFormat {
    Fp32,
    Bf16,     ///< rounded at random (train.optimizer.state bf16)
    EightBit  ///< a byte a number and an fp32 scale a block (Dettmers et al., arXiv 2110.02861)
};

/// Numbers of an 8-bit moment that share a scale; they lie side by side in memory.
constexpr std::int64_t kStateBlock = 256;
/// Moments of fewer numbers stay in fp32 whatever is wanted: norms, biases and the first layer take most harm and hardly
/// count.
constexpr std::int64_t kLeastCompactState = 1024;

struct OptimizerState {
    int moments = 2;  ///< of every parameter: AdamW 2, SGD with momentum 1, without 0
    StateFormat format = StateFormat::Fp32;
    bool hasCounter = true;  ///< of updates: one fp32 number
    bool isOutside = false;  ///< large moments lie outside of the device's memory
};

OptimizerState optimizerState(const config::RunConfig& config);

StateFormat stateFormat(const config::RunConfig::Optimizer& options);
/// The format of a moment of that many numbers.
StateFormat formatOf(StateFormat wanted, std::int64_t elements);
constexpr std::int64_t stateBlocks(std::int64_t elements) { return (elements + kStateBlock - 1) / kStateBlock; }
Bytes momentBytes(StateFormat wanted, std::int64_t elements);

/// What of a moment lies outside of the device's memory where that is wanted: its numbers, from 16 KiB on. Scales of 8 bits stay.
Bytes outsideBytes(StateFormat wanted, std::int64_t elements);

/// State of the parameters given: all that lies in the device's memory, and what lies outside of it.
Bytes optimizerBytes(const OptimizerState& state, std::span<const std::int64_t> parameterElements);
Bytes optimizerBytesOutside(const OptimizerState& state, std::span<const std::int64_t> parameterElements);

}  // namespace headroom::plan
