// SPDX-License-Identifier: Apache-2.0
#include "base/store/waiting.h"

#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/run_writer.h"

namespace headroom::store {

bool takeOut(const Home& home, const Project& project, const RunId& run, EndState state, std::string_view reason) {
    const RunFolder folder = project.run(run);
    if (!Queue(home).cancel(folder)) return false;
    // From here on nobody but us knows of the run: the lock that the writer takes is free.
    RunWriter writer(folder);
    const nlohmann::json metrics = writer.summary().metrics;  // of earlier sessions
    writer.finish(state, reason, metrics);
    Catalogue(project).refresh(run);
    return true;
}

}  // namespace headroom::store
