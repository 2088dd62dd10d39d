// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "base/store/catalogue.h"
#include "base/store/home.h"
#include "base/store/project.h"

namespace headroom::cli {

/// What all commands share: the options that stand before or behind any of them.
struct Session {
    bool json = false;
    bool quiet = false;
    bool noColor = false;
    bool noInput = false;
    bool yes = false;
    int verbose = 0;
    std::filesystem::path dataDir;
    std::filesystem::path projectDir;

    /// The chosen command; returns the exit status.
    std::function<int()> run;

    store::Home home() const;
    /// The chosen project. Only the home's own default project is made where it is missing; RUN-06 otherwise.
    store::Project project() const;
    /// As project(), but makes any: for commands that create runs.
    store::Project projectToWrite() const;
};

/// A run that the user named, with what is needed to look at it.
struct Chosen {
    store::Home home;
    store::Project project;
    store::RunFolder run;
};
/// Throws RUN-01, CLI-02.
Chosen choose(const Session& session, const std::string& text);

}  // namespace headroom::cli
