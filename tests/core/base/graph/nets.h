// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/models/models.h"

namespace headroom::test {

struct NetCase {
    std::string name;
    models::DataShape data;
    models::ModelOptions options{};
};
/// The four architectures, each on the data that it is made for.
std::vector<NetCase> fourNets();
/// Every architecture on data so small that a step takes a moment: pictures of 16 x 16 pixels, texts of 12 tokens. The
/// layers are as many and as wide as ever but those of gpt.
std::vector<NetCase> everyNet();
models::DataShape pictures(std::int64_t channels, std::int64_t side, std::int64_t classes = 10);
models::DataShape table(std::int64_t features, std::int64_t outputs, models::Task task = models::Task::Classification);
models::DataShape text(std::int64_t vocabulary = 65);

/// The net with its loss.
graph::Graph trainingGraph(const NetCase& net, double dropout = 0);

/// "batch,3,32,32" as a shape.
graph::Shape shapeOf(const std::string& text);

}  // namespace headroom::test
