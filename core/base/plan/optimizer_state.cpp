// SPDX-License-Identifier: Apache-2.0
#include "base/plan/optimizer_state.h"

namespace headroom::plan {

StateFormat stateFormat(const config::RunConfig::Optimizer& options) {
    if (options.state == "8bit") return StateFormat::EightBit;
    return options.state == "bf16" ? StateFormat::Bf16 : StateFormat::Fp32;
}

OptimizerState optimizerState(const config::RunConfig::Train& train) {
    const config::RunConfig::Optimizer& options = train.optimizer;
    const bool adamw = options.name == "adamw";
    OptimizerState state{adamw ? 2 : options.momentum != 0 ? 1 : 0, stateFormat(options), adamw};
    // Rounding at random draws by the number of the update.
    if (state.format != StateFormat::Fp32 || train.weights == "bf16") state.hasCounter = true;
    return state;
}

StateFormat formatOf(StateFormat wanted, std::int64_t elements) {
    return elements < kLeastCompactState ? StateFormat::Fp32 : wanted;
}

Bytes momentBytes(StateFormat wanted, std::int64_t elements) {
    const Bytes scale = byteSize(graph::DType::F32);
    switch (formatOf(wanted, elements)) {
        case StateFormat::Bf16: return elements * byteSize(graph::DType::BF16);
        case StateFormat::EightBit: return elements + stateBlocks(elements) * scale;
        case StateFormat::Fp32: break;
    }
    return elements * byteSize(graph::DType::F32);
}

Bytes optimizerBytes(const OptimizerState& state, std::span<const std::int64_t> parameterElements) {
    Bytes bytes = state.hasCounter ? byteSize(graph::DType::F32) : 0;
    for (const std::int64_t elements : parameterElements) bytes += state.moments * momentBytes(state.format, elements);
    return bytes;
}

}  // namespace headroom::plan
