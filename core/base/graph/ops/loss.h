// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/graph/op_entry.h"

namespace headroom::graph {

/// Ours: logits [n, classes], targets [n] (whole numbers) -> [1] in fp32: the SUM over the rows of the cross-entropy in
/// nats, so that micro-batches of any size are weighted by the scale of the gradient alone. Attribute label_smoothing
/// e: the target distribution is (1 - e) * onehot + e / classes. Targets of more dimensions are taken flat, row by row.
/// Attribute ignore_index: rows with this target add nothing and get no gradient.
/// Extra: logsumexp of each row, fp32 [n].
extern const OpEntry kSoftmaxCrossEntropy;
/// Ours: prediction and target [n, k] -> [1] in fp32: the SUM over the rows of the mean over the row of the squared
/// error.
extern const OpEntry kMeanSquaredError;

}  // namespace headroom::graph
