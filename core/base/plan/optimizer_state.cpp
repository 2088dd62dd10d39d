// SPDX-License-Identifier: Apache-2.0
#include "base/plan/optimizer_state.h"

namespace headroom::plan {

StateFormat stateFormat(const config::RunConfig::Optimizer& options) {
    if (options.state == "8bit") return StateFormat::EightBit;
    return options.state == "bf16" ? StateFormat::Bf16 : StateFormat::Fp32;
}

OptimizerState optimizerState(const config::RunConfig& config) {
    const config::RunConfig::Optimizer& options = config.train.optimizer;
    const bool adamw = options.name == "adamw";
    OptimizerState state{adamw ? 2 : options.momentum != 0 ? 1 : 0, stateFormat(options), adamw, config.memory.offloadOptimizer};
    // Rounding at random draws by the number of the update.
    if (state.format != StateFormat::Fp32 || config.train.weights == "bf16") state.hasCounter = true;
    return state;
}

StateFormat formatOf(StateFormat wanted, std::int64_t elements) {
    return elements < kLeastCompactState ? StateFormat::Fp32 : wanted;
}

namespace {

constexpr Bytes kLeastOutside = 16 * kKiB;  // below it, a page that is shared with nothing costs more than the bytes

Bytes numberBytes(StateFormat format) {
    switch (format) {
        case StateFormat::Bf16: return byteSize(graph::DType::BF16);
        case StateFormat::EightBit: return byteSize(graph::DType::U8);
        case StateFormat::Fp32: break;
    }
    return byteSize(graph::DType::F32);
}

}  // namespace

Bytes momentBytes(StateFormat wanted, std::int64_t elements) {
    const StateFormat format = formatOf(wanted, elements);
    const Bytes scales = format == StateFormat::EightBit ? stateBlocks(elements) * byteSize(graph::DType::F32) : 0;
    return elements * numberBytes(format) + scales;
}

Bytes outsideBytes(StateFormat wanted, std::int64_t elements) {
    const Bytes bytes = elements * numberBytes(formatOf(wanted, elements));
    return bytes >= kLeastOutside ? bytes : 0;
}

Bytes optimizerBytes(const OptimizerState& state, std::span<const std::int64_t> parameterElements) {
    Bytes bytes = state.hasCounter ? byteSize(graph::DType::F32) : 0;
    for (const std::int64_t elements : parameterElements) bytes += state.moments * momentBytes(state.format, elements);
    return bytes - optimizerBytesOutside(state, parameterElements);
}

Bytes optimizerBytesOutside(const OptimizerState& state, std::span<const std::int64_t> parameterElements) {
    Bytes bytes = 0;
    if (state.isOutside)
        for (const std::int64_t elements : parameterElements) bytes += state.moments * outsideBytes(state.format, elements);
    return bytes;
}

}  // namespace headroom::plan
