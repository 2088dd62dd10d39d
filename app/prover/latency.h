// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "prover/opened_model.h"

namespace headroom::prover {

/// Sets the inputs of run number `run` to `batch` samples.
using Feed = std::function<void(ov::InferRequest& inference, std::int64_t run, std::int64_t batch)>;

/// After the first run of a request: OpenVINO has been seen to come back without an error and without an answer where memory ran out. Throws std::bad_alloc,
/// or what OpenVINO makes of it, where an output is empty and there is no room for the inputs once more; an empty answer is one elsewhere.
void requireAnswer(ov::InferRequest& inference);

/// Of each batch size on one thread and on those of the request.
std::vector<Latency> measureLatencies(OpenedModel& model, const std::vector<std::int64_t>& batches, const Feed& feed);

}  // namespace headroom::prover
