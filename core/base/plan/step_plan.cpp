// SPDX-License-Identifier: Apache-2.0
#include "base/plan/step_plan.h"

#include <numeric>

#include "base/plan/planner.h"
#include "base/plan/types.h"

namespace headroom::plan {

using graph::Graph;

Bytes total(const BytesByKind& bytes) { return std::accumulate(bytes.begin(), bytes.end(), Bytes{0}); }

double shareMadeAgain(const Graph& graph, const StepPlan& plan) {
    const auto values = resolvedValues(graph, plan.first.extents, plan.first.precision);
    double once = 0, again = 0;
    for (const Instruction& each : plan.first.instructions)
        if (each.what == Instruction::What::Forward)
            (each.again ? again : once) += forwardTime(resolvedNode(graph.node(each.node), values, plan.first.precision));
    return once > 0 ? again / once : 0;
}

StepPlan plan(const Graph& graph, const StepOptions& options) { return Planner(graph).plan(options); }

}  // namespace headroom::plan
