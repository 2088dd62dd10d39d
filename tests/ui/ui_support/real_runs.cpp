// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui_support/real_runs.h"

#include <QtTest>

#include <csignal>

#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/run_state.h"

namespace headroom::test {

bool canTrain() {
    const QString folder = QCoreApplication::applicationDirPath();
    return QFile::exists(folder + "/headroom-worker") &&
           QFile::exists(folder + "/../share/headroom/sample/digits/train-images-idx3-ubyte");
}

void endWorkers(const std::filesystem::path& home) {
    const store::Project project = store::Project::openOrCreate(home / "default");
    store::Queue queue{store::Home(home)};
    for (const store::QueueEntry& entry : queue.list()) queue.cancel(entry.run);  // a dying worker hands nothing on
    for (const store::RunSummary& run : store::Catalogue(project).list(store::Home(home)))
        if (const auto worker = store::holder(project.run(run.id))) process::sendSignal(*worker, SIGKILL);
}

RealRuns::~RealRuns() { endWorkers(home()); }

bool RealRuns::openSample() {
    studio().openSample();
    return QTest::qWaitFor([this] { return studio().context().data.state() == ui::DataInfo::State::There; }, 30000);
}

QString startRun(StudioFixture& fixture, const QString& name, std::initializer_list<std::pair<const char*, const char*>> changes) {
    for (const auto& [path, text] : changes)
        if (!fixture.studio().draft().set(QLatin1String(path), QLatin1String(text)).isEmpty()) return {};
    fixture.studio().draft().set(QStringLiteral("name"), name);
    QSignalSpy created(&fixture.studio().bridge().commands(), &ui::RunCommands::created);
    fixture.window().actions()["start"]->trigger();
    if (created.isEmpty() && !created.wait(10000)) return {};
    return created.first().first().toString();
}

std::optional<store::RunState> RealRuns::state(const QString& run) {
    const auto* found = studio().runs().find(run);
    return found ? std::optional(found->state) : std::nullopt;
}

}  // namespace headroom::test
