// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/store_reader.h"

#include "base/store/catalogue.h"
#include "base/store/project.h"
#include "base/store/queue.h"

namespace headroom::ui {
namespace {

constexpr int kPollMs = 250;
constexpr int kPollsBetweenLists = 4;  // states that follow from processes are derived once a second

}  // namespace

StoreReader::StoreReader(std::filesystem::path home, std::filesystem::path project, RunKeeper& keeper)
    : m_homePath(std::move(home)), m_projectPath(std::move(project)), m_keeper(keeper) {}

StoreReader::~StoreReader() = default;

void StoreReader::start() {
    m_timer = new QTimer(this);
    connect(m_timer, &QTimer::timeout, this, &StoreReader::poll);
    m_timer->start(kPollMs);
    poll();
}

void StoreReader::poll() {
    try {
        if (!m_catalogue) open();
        if (changed() || ++m_pollsSinceList >= kPollsBetweenLists) list();
    } catch (const Error& error) {
        tell(error);
    }
}

void StoreReader::open() {
    m_home = std::make_unique<store::Home>(m_homePath);
    m_project = std::make_unique<store::Project>(store::Project::openOrCreate(m_projectPath));
    m_queue = std::make_unique<store::Queue>(*m_home);
    m_catalogue = std::make_unique<store::Catalogue>(*m_project);
    for (const Failure& notice : m_catalogue->notices()) Q_EMIT problem(problemOf(notice, Severity::Warning));
    Q_EMIT opened(QString::fromStdString(m_project->name()), QString::fromStdString(m_project->path().string()),
                  QString::fromStdString(m_project->defaults()));
}

bool StoreReader::changed() {
    const std::int64_t catalogue = m_catalogue->dataVersion(), queue = m_queue->dataVersion();
    const bool any = catalogue != m_catalogueVersion || queue != m_queueVersion;
    m_catalogueVersion = catalogue;
    m_queueVersion = queue;
    return any;
}

void StoreReader::list() {
    m_pollsSinceList = 0;
    RunList runs = m_catalogue->list(*m_home);
    for (const std::size_t place : m_keeper.bringBack(runs)) {
        const QString id = QString::fromStdString(runs[place].id), name = QString::fromStdString(runs[place].name);
        Q_EMIT problem({Severity::Warning, {}, id, tr("%1: the kernel ended the training process for want of memory. The run goes on from its last checkpoint with half the micro-batch.").arg(name)});
    }
    Q_EMIT listed(runs);
    Q_EMIT waiting(static_cast<int>(m_queue->list().size()));
    m_lastProblem.clear();
}

/// The same trouble at every poll is said once.
void StoreReader::tell(const Error& error) {
    const QVector<Problem> problems = problemsOf(error);
    if (problems.first().text == m_lastProblem) return;
    m_lastProblem = problems.first().text;
    for (const Problem& each : problems) Q_EMIT problem(each);
}

}  // namespace headroom::ui
