// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/config/run_config.h"
#include "base/models/models.h"
#include "base/models/trained.h"

namespace headroom::plan {

/// The net of a configuration before updates of low rank and freezing; netOf() is that with both.
/// Throws CFG-04, DAT-05, CFG-09 as models::build and models::adapted.
graph::Graph bareNet(const config::RunConfig& config, const models::Basis& basis);

/// What the configuration says of what is trained.
models::Trained trainedOf(const config::RunConfig& config);
void setTrained(config::RunConfig& config, const models::Trained& trained);

}  // namespace headroom::plan
