// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config/run_config.h"
#include "base/errors/error.h"
#include "base/graph/graph.h"
#include "base/models/models.h"
#include "base/units/units.h"

// What a run that trains on kept features (train.cache_features) holds in the machine's memory from its start to its end, on whatever
// device it trains. On the CPU it counts in the memory budget.
namespace headroom::plan {

/// Bytes of the features of so many samples, which models::cutFrozen(net) makes, in the element type that the precision gives them; 0 where the
/// run keeps none. Throws CFG-09 as cutFrozen().
Bytes keptFeatures(const config::RunConfig& config, const graph::Graph& net, const models::DataShape& data, std::int64_t samples);

/// The configuration whose memory.budget, where it has one, is what `kept` leaves of it.
config::RunConfig besideFeatures(config::RunConfig config, Bytes kept);

/// MEM-01: they alone are more than is allowed.
Failure featuresExceed(Bytes kept, Bytes allowed);
/// Throws that where they leave nothing of `allowed` bytes to the steps.
void requireFeaturesFit(Bytes kept, Bytes allowed);

}  // namespace headroom::plan
