// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/engine/formats/foreign.h"

namespace headroom::test {

/// A picture of 4 by 4 in 4 patches, a class token, one layer of attention with two heads, a head on the token: as PyTorch writes them
/// for a batch of one.
Foreign visionTransformer();

/// x [1, 5, 4] -> LSTM with the batch second, with or without a first state of zeros -> its last state -> Gemm
Foreign lastState(bool withZeros);

/// x [batch, 4, 8] behind a class token that is repeated for every sample as PyTorch writes expand(batch, -1, -1); a head on the token.
Foreign classToken(const std::string& batch);

/// x [1, 2, 3, 4] with a column behind and two rows before, as PyTorch computes the padding: pairs from the last axis on, turned around.
Foreign paddedPicture();

/// x [1, 2, 4, 4] made [1, 2, 6, 4], the batch among the sizes.
Foreign resizedPicture();

/// x [batch, 3, 4, 4] through two norms and a dropout as PyTorch writes them in training: with outputs that nobody reads. Both norms have
/// the same ones and zeros, as a net begins with them, and the same variance.
Foreign inTraining(int opset);

/// x [5, batch, 4] through a recurrent layer from zeros in the shape [1, batch, 2] that is computed from x's; "h0" are the zeros.
Foreign statesOfZeros(const std::string& op);

}  // namespace headroom::test
