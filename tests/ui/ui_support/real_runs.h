// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui_support/studio_fixture.h"

namespace headroom::test {

/// Changes settings (path, text), starts a run by the window's own action and returns its id; empty where none came.
QString startRun(StudioFixture& fixture, const QString& name, std::initializer_list<std::pair<const char*, const char*>> changes);

/// Whether the worker and the sample lie beside this program.
bool canTrain();

/// A window whose runs are real, always on a home of its own: what still runs there when it closes is ended with it.
class RealRuns : public StudioFixture {
public:
    RealRuns() = default;
    ~RealRuns();

    /// Sets the sample up and waits until its data are described. False where that fails.
    bool openSample();
    QString start(const QString& name, std::initializer_list<std::pair<const char*, const char*>> changes) {
        return startRun(*this, name, changes);
    }
    /// As the window shows it.
    std::optional<store::RunState> state(const QString& run);
};

/// Kills every worker of the home's default project.
void endWorkers(const std::filesystem::path& home);

}  // namespace headroom::test

/// Skips where the engine or the sample was not built.
#define REQUIRE_TRAINING() \
    do { if (!headroom::test::canTrain()) QSKIP("the worker or the sample is not built"); } while (false)
