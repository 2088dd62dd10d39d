// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

#include "base/errors/error.h"
#include "base/store/create_run.h"
#include "base/store/home.h"
#include "base/store/project.h"
#include "base/store/series.h"
#include "support/temporary_folder.h"

namespace headroom::test {

/// A home with its default project in a temporary folder.
struct Stage {
    TemporaryFolder folder;
    store::Home home{folder.path() / "home"};
    store::Project project = store::Project::openOrCreate(home.defaultProject());

    store::RunFolder makeRun(const std::string& name = "run") const;
};

/// A moment that grows evenly with its step: a hundred steps an epoch, 32 samples a step, 10 ms a step.
store::Moment at(std::int64_t step);

/// The code that `work` throws; nothing where it throws nothing.
template <class Work>
std::optional<Code> codeOf(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return std::nullopt;
}

/// Runs SQL on a database, as only a hostile hand does.
void tamper(const std::filesystem::path& file, const std::string& sql);

/// The first column of a query's first row.
std::string answer(const std::filesystem::path& file, const std::string& sql);

}  // namespace headroom::test
