// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

namespace headroom::cli {

store::Home Session::home() const { return store::Home(store::homePath(dataDir)); }

store::Project Session::project() const {
    const store::Home ours = home();
    const auto path = store::projectPath(ours, projectDir);
    return path == ours.defaultProject() ? store::Project::openOrCreate(path) : store::Project::open(path);
}

store::Project Session::projectToWrite() const {
    return store::Project::openOrCreate(store::projectPath(home(), projectDir));
}

Chosen choose(const Session& session, const std::string& text) {
    store::Home home = session.home();
    store::Project project = session.project();
    const store::RunId id = store::Catalogue(project).resolve(text);
    store::RunFolder run = project.run(id);
    return {std::move(home), std::move(project), std::move(run)};
}

}  // namespace headroom::cli
