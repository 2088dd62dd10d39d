// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/store/project.h"

namespace headroom::store {

struct CreateOptions {
    std::string name;      ///< shown name; empty = the configuration's, else the id
    RunId parent;          ///< run this one comes from; empty = none
    std::string relation;  ///< "duplicate", "retry", "fine-tune" ...; with a parent only
};

/// Makes a run before any worker knows of it: folder, config.json, notes.json, an empty run.sqlite and the row in the
/// catalogue. `configJson` is the resolved configuration, with `data.path` absolute; it is stored as given. The folder
/// appears whole or not at all. Throws DSK-01, DSK-02.
RunId createRun(const Project& project, const std::string& configJson, const CreateOptions& options = {});

}  // namespace headroom::store
