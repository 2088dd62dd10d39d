// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/studio.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QThread>

#include <functional>

#include "base/config/document.h"
#include "base/store/home.h"

namespace headroom::ui {
namespace {

/// Something done to a run and how it is taken back.
class RunEdit : public QUndoCommand {
public:
    RunEdit(const QString& text, std::function<void()> redo, std::function<void()> undo) : QUndoCommand(text), m_redo(std::move(redo)), m_undo(std::move(undo)) {}
    void redo() override { m_redo(); }
    void undo() override { m_undo(); }

private:
    std::function<void()> m_redo, m_undo;
};

QString samplePath() { return QDir(QCoreApplication::applicationDirPath()).absoluteFilePath(QStringLiteral("../share/headroom/sample/digits.json")); }

}  // namespace

Studio::Studio(std::filesystem::path home, std::filesystem::path project)
    : m_bridge(std::move(home), std::move(project)), m_selection(m_runs, m_charts), m_data(m_bridge.questions(), m_draft), m_memory(m_draft, m_data, m_bridge.hardware()) {
    connect(&m_bridge, &Bridge::problem, this, &Studio::problem);
    connect(&m_bridge.store(), &StoreReader::listed, this, &Studio::takeRuns);
    connect(&m_bridge.store(), &StoreReader::opened, this, [this](const QString& name) {
        m_projectName = name;
        Q_EMIT projectChanged();
    });
    connect(&m_bridge.store(), &StoreReader::waiting, this, [this](int queued) { m_queued = queued; });
    connect(&m_bridge.commands(), &RunCommands::created, this, [this](const QString& run) { m_selection.setCurrent(run); });
    connect(&m_bridge.commands(), &RunCommands::configLoaded, this, [this](const QString& run, const QByteArray& json) {
        m_parent = run;
        takeConfig({}, json);
    });
    connect(&m_bridge.commands(), &RunCommands::configFileLoaded, this, &Studio::takeConfig);
    connect(&m_bridge.commands(), &RunCommands::saved, this, [this](const QString& path) { Q_EMIT said(tr("Saved %1").arg(path)); });
    connect(&m_bridge.hardware(), &Hardware::read, this, [this](const telemetry::Reading& reading) {
        m_reading = reading;
        Q_EMIT hardwareRead();
    });
    connect(&m_runs, &RunsModel::renamed, this, &Studio::rename);
    connect(&m_selection, &Selection::currentChanged, &m_bridge, &Bridge::followLog);
}

Context Studio::context() { return {m_bridge, m_runs, m_selection, m_charts, m_draft, m_data, m_memory, m_undo}; }

void Studio::takeRuns(const RunList& runs) {
    m_runs.merge(runs);
    QVector<qint64> ours;
    for (const store::RunSummary& run : m_runs.all())
        if (store::isLive(run.state) && run.pid > 0) ours << run.pid;
    m_bridge.setOurs(ours);
    if (!m_selection.run()) {
        const auto newest = std::find_if(m_runs.all().begin(), m_runs.all().end(), [](const auto& run) { return !run.trashed; });
        if (newest != m_runs.all().end() && m_selection.current().isEmpty()) m_selection.setCurrent(QString::fromStdString(newest->id));
    }
    // A window that opens on a project with runs starts from the settings of the last one.
    const bool first = !m_listedOnce;
    m_listedOnce = true;
    if (first && m_draft.config().data.path.empty() && m_selection.run()) m_bridge.commands().loadConfig(m_selection.current());
    Q_EMIT listed();
}

QString Studio::device() const {
    const config::Machine machine{QThread::idealThreadCount(), static_cast<int>(m_reading.gpus.size()), m_reading.gpuReason};
    return QString::fromStdString(config::resolvedDevice(m_draft.config(), machine));
}

/// The configuration's name, or the net's; with a number where a run has it already.
QString Studio::freshName() const {
    const config::RunConfig& config = m_draft.config();
    const QString base = QString::fromStdString(config.name.empty() ? config::modelName(config) : config.name);
    const auto taken = [this](const QString& name) {
        return std::any_of(m_runs.all().begin(), m_runs.all().end(), [&](const auto& run) { return run.name == name.toStdString(); });
    };
    if (!taken(base)) return base;
    int number = 2;
    while (taken(QStringLiteral("%1-%2").arg(base).arg(number))) ++number;
    return QStringLiteral("%1-%2").arg(base).arg(number);
}

void Studio::startRun() {
    const QStringList faults = m_draft.faults();
    for (const QString& fault : faults) Q_EMIT problem({Severity::Error, {}, {}, fault});
    if (!faults.isEmpty()) return;
    if (m_data.state() == DataInfo::State::Failed) {
        Q_EMIT problem(m_data.failure());
        return;
    }
    m_bridge.commands().create({m_draft.json(), freshName(), device(), m_parent, m_parent.isEmpty() ? QString() : QStringLiteral("duplicate")});
    m_parent.clear();
    Q_EMIT said(tr("Starting…"));
}

void Studio::pauseOrResume() {
    const store::RunSummary* run = m_selection.run();
    if (!run) return;
    if (store::isLive(run->state)) return m_bridge.commands().pause(m_selection.current());
    const bool done = run->state == store::RunState::Finished || run->state == store::RunState::Queued;
    if (!done) m_bridge.commands().resume(m_selection.current(), run->device == "auto" ? device() : QString::fromStdString(run->device));
}

void Studio::stopRun() {
    const store::RunSummary* run = m_selection.run();
    if (run && (store::isLive(run->state) || run->state == store::RunState::Queued)) m_bridge.commands().stop(m_selection.current());
}

void Studio::duplicate() {
    if (m_selection.run()) m_bridge.commands().loadConfig(m_selection.current());
}

void Studio::trash() {
    const store::RunSummary* run = m_selection.run();
    if (!run || store::isLive(run->state)) return;
    const QString id = m_selection.current();
    RunCommands& commands = m_bridge.commands();
    m_undo.push(new RunEdit(tr("Move %1 to trash").arg(QString::fromStdString(run->name)), [&commands, id] { commands.setTrashed(id, true); }, [&commands, id] { commands.setTrashed(id, false); }));
    Q_EMIT said(tr("Moved to trash. Ctrl+Z brings it back."));
}

void Studio::togglePin() {
    if (const store::RunSummary* run = m_selection.run()) m_bridge.commands().setPinned(m_selection.current(), !run->pinned);
}

void Studio::rename(const QString& run, const QString& before, const QString& name) {
    RunCommands& commands = m_bridge.commands();
    m_undo.push(new RunEdit(tr("Rename to %1").arg(name), [&commands, run, name] { commands.rename(run, name); }, [&commands, run, before] { commands.rename(run, before); }));
}

QString Studio::command() {
    const QString file = QString::fromStdString((m_bridge.project() / (freshName() + ".json").toStdString()).string());
    saveConfig(file);
    QStringList words{QStringLiteral("headroom"), QStringLiteral("train"), file};
    if (m_bridge.home() != store::homePath()) words << QStringLiteral("--data-dir") << QString::fromStdString(m_bridge.home().string());
    if (m_bridge.project() != m_bridge.home() / "default") words << QStringLiteral("--project") << QString::fromStdString(m_bridge.project().string());
    return commandLine(words);
}

void Studio::openSample() { openConfig(samplePath()); }
void Studio::openConfig(const QString& path) { m_bridge.commands().loadConfigFile(path); }
void Studio::saveConfig(const QString& path) { m_bridge.commands().saveFile(path, m_draft.json()); }

void Studio::takeConfig(const QString& file, const QByteArray& json) {
    try {
        config::RunConfig config = config::parse(json.toStdString(), QFileInfo(file).fileName().toStdString());
        if (!file.isEmpty()) config::makePathsAbsolute(config, QFileInfo(file).absolutePath().toStdString());
        m_undo.clear();
        m_draft.replace(config);
        if (!file.isEmpty()) Q_EMIT said(tr("Settings of %1. F5 starts the run.").arg(QFileInfo(file).fileName()));
    } catch (const Error& error) {
        for (const Problem& each : problemsOf(error)) Q_EMIT problem(each);
    }
}

QStringList Studio::live() const {
    QStringList names;
    for (const store::RunSummary& run : m_runs.all())
        if (store::isLive(run.state)) names << QString::fromStdString(run.name);
    return names;
}

}  // namespace headroom::ui
