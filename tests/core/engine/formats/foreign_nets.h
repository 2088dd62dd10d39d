// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/engine/formats/foreign.h"

namespace headroom::test {

/// A picture of 4 by 4 in 4 patches, a class token, one layer of attention with two heads, a head on the token: as PyTorch writes them
/// for a batch of one.
Foreign visionTransformer();

/// x [1, 5, 4] -> LSTM with the batch second, with or without a first state of zeros -> its last state -> Gemm
Foreign lastState(bool withZeros);

}  // namespace headroom::test
