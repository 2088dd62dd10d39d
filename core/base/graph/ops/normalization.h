// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// X [n, c, ...], scale, B, input_mean, input_var, each [c]. In training Y is normalised with the batch's statistics,
/// and the buffers input_mean and input_var are updated in place: running = momentum * running + (1 - momentum) *
/// batch, the variance with n - 1 (as PyTorch, whose momentum is 1 - this one). Otherwise the buffers are used. Extras:
/// mean [c], 1 / sqrt(variance + epsilon) [c], both fp32.
extern const OpEntry kBatchNormalization;
/// Ours: relu(BatchNormalization(...)). Backward needs no output: the mask is recomputed from X with the forward's own
/// fp32 formula a * x + b > 0, a = scale * invstd, b = B - mean * a. Extras as above.
extern const OpEntry kBatchNormRelu;
/// Ours: relu(BatchNormalization(X, ...) + R), inputs X, scale, B, mean, var, R. The mask is the sign of the saved
/// output; the gradient of R is the masked output gradient. Extras as above.
extern const OpEntry kBatchNormAddRelu;
/// Ours: BatchNormalization by its buffers in training too, which stay as they are: that of a frozen layer. Scale and B have no
/// gradient.
extern const OpEntry kFixedBatchNorm;
/// X [..., d], Scale [d], B [d] (optional), over the last dimension only. Extras: mean, 1 / sqrt(variance + epsilon),
/// fp32, one an outer row: [rows].
extern const OpEntry kLayerNormalization;

}  // namespace headroom::graph
