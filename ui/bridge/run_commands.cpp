// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/run_commands.h"

#include <QFile>
#include <QSaveFile>

#include "base/store/catalogue.h"
#include "base/store/create_run.h"
#include "base/store/waiting.h"

namespace headroom::ui {
namespace {

constexpr qint64 kLargestConfig = 1 << 20;

Error fileError(Code code, const QString& path, const QString& why) {
    return Error(Failure{code, path.section('/', -1).toStdString(), why.toStdString(), {}, {}, {}});
}

QByteArray readWhole(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) throw fileError(Code::Dat04, path, file.errorString());
    if (file.size() > kLargestConfig) throw fileError(Code::Cfg02, path, RunCommands::tr("larger than 1 MiB"));
    return file.readAll();
}

}  // namespace

RunCommands::RunCommands(std::filesystem::path home, std::filesystem::path project, RunKeeper& keeper)
    : m_home(std::move(home)), m_project(std::move(project)), m_keeper(keeper) {}

void RunCommands::post(std::function<void()> work) {
    QMetaObject::invokeMethod(
        this,
        [this, work = std::move(work)] {
            try {
                work();
            } catch (const Error& error) {
                for (const Problem& each : problemsOf(error)) Q_EMIT problem(each);
            }
        },
        Qt::QueuedConnection);
}

QString RunCommands::make(const NewRun& run) {
    const store::Project project = store::Project::openOrCreate(m_project);
    const store::RunId id = store::createRun(project, run.config.toStdString(),
                                             {run.name.toStdString(), run.parent.toStdString(), run.relation.toStdString()});
    if (!run.tags.isEmpty()) {
        store::Notes notes = store::readNotes(project.run(id));
        for (const QString& tag : run.tags) notes.tags.push_back(tag.toStdString());
        store::writeNotes(project.run(id), notes);
        store::Catalogue(project).refresh(id);
    }
    return QString::fromStdString(id);
}

void RunCommands::create(const NewRun& run) {
    post([this, run] {
        const QString made = make(run);
        Q_EMIT created(made);
        queue(made, run.device, false);
    });
}

void RunCommands::createAll(const QVector<NewRun>& runs) {
    post([this, runs] {
        for (const NewRun& run : runs) queue(make(run), run.device, false);
    });
}

void RunCommands::queue(const QString& run, const QString& device, bool resume) {
    m_keeper.queue(run.toStdString(), device.toStdString(), resume ? store::StartMode::Resume : store::StartMode::Start);
}

void RunCommands::resume(const QString& run, const QString& device) {
    post([=, this] { queue(run, device, true); });
}

void RunCommands::pause(const QString& run) {
    post([=, this] {
        store::Catalogue(store::Project::open(m_project)).request(run.toStdString(), store::RequestKind::Pause);
    });
}

void RunCommands::stop(const QString& run) {
    post([=, this] {
        const store::Project project = store::Project::open(m_project);
        const store::RunId id = run.toStdString();
        if (store::takeOut(store::Home(m_home), project, id, store::EndState::Finished, "stopped")) return;
        store::Catalogue(project).request(id, store::RequestKind::Stop);
    });
}

template <class Change>
void RunCommands::changeNotes(const QString& run, Change change) {
    post([=, this] {
        const store::Project project = store::Project::open(m_project);
        const store::RunFolder folder = project.run(run.toStdString());
        store::Notes notes = store::readNotes(folder);
        change(notes);
        store::writeNotes(folder, notes);
        store::Catalogue(project).refresh(run.toStdString());
    });
}

void RunCommands::rename(const QString& run, const QString& name) {
    changeNotes(run, [name = name.toStdString()](store::Notes& notes) { notes.name = name; });
}

void RunCommands::setTrashed(const QString& run, bool trashed) {
    changeNotes(run, [trashed](store::Notes& notes) { notes.trashed = trashed; });
}

void RunCommands::setPinned(const QString& run, bool pinned) {
    changeNotes(run, [pinned](store::Notes& notes) { notes.pinned = pinned; });
}

void RunCommands::loadConfig(const QString& run) {
    post([=, this] {
        const store::RunFolder folder = store::Project::open(m_project).run(run.toStdString());
        Q_EMIT configLoaded(run, readWhole(QString::fromStdString(folder.config().string())));
    });
}

void RunCommands::loadConfigFile(const QString& path) {
    post([=, this] { Q_EMIT configFileLoaded(path, readWhole(path)); });
}

void RunCommands::saveFile(const QString& path, const QByteArray& bytes) {
    post([=, this] {
        QSaveFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
            throw fileError(Code::Dsk02, path, file.errorString());
        Q_EMIT saved(path);
    });
}

}  // namespace headroom::ui
