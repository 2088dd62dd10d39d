// SPDX-License-Identifier: Apache-2.0
#include "base/plan/kept_features.h"

#include <algorithm>
#include <string>

#include "base/config/document.h"
#include "base/models/cut.h"
#include "base/plan/training_step.h"
#include "base/plan/types.h"

namespace headroom::plan {

Bytes keptFeatures(const config::RunConfig& config, const graph::Graph& net, const models::DataShape& data, std::int64_t samples) {
    if (!config.train.cacheFeatures) return 0;
    const graph::Graph before = models::cutFrozen(net).before;
    const auto values = resolvedValues(before, {{"batch", 1}, {"sequence", data.context}}, precisionOf(config));
    return samples * values[static_cast<std::size_t>(before.outputs().front())].bytes();
}

config::RunConfig besideFeatures(config::RunConfig config, Bytes kept) {
    if (const auto budget = config::memoryBudget(config); budget && kept > 0) config.memory.budget = std::to_string(std::max<Bytes>(*budget - kept, 1));
    return config;
}

Failure featuresExceed(Bytes kept, Bytes allowed) {
    return {Code::Mem01, "train.cache_features", "the features of all samples exceed the memory that is allowed", readableBytes(kept),
            readableBytes(allowed) + " allowed",
            "Set train.cache_features=false, or freeze further, up to where less goes on."};
}

void requireFeaturesFit(Bytes kept, Bytes allowed) {
    if (kept > 0 && kept >= allowed) throw Error(featuresExceed(kept, allowed));
}

}  // namespace headroom::plan
