// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/bridge.h"

namespace headroom::ui {

Bridge::Bridge(std::filesystem::path home, std::filesystem::path project)
    : m_home(std::move(home)),
      m_project(std::move(project)),
      m_keeper(m_home, m_project),
      m_store(new StoreReader(m_home, m_project, m_keeper)),
      m_curves(new CurveReader(m_project / "runs")),
      m_log(new LogReader(m_project / "runs")),
      m_commands(new RunCommands(m_home, m_project, m_keeper)),
      m_questions(new WorkerQuestions),
      m_exporter(new Exporter(m_project / "runs")),
      m_hardware(new Hardware),
      m_fit(new FitPlanner(m_home)),
      m_facts(new RunFacts(m_project / "runs")),
      m_models(new ModelExplorer(m_home, *m_questions)),
      m_predictor(new Predictor(m_project / "runs")) {
    connect(m_store, &StoreReader::problem, this, &Bridge::problem);
    connect(m_curves, &CurveReader::problem, this, &Bridge::problem);
    connect(m_commands, &RunCommands::problem, this, &Bridge::problem);
    connect(&threadFor(m_store, "store"), &QThread::started, m_store, &StoreReader::start);
    QThread& reading = threadFor(m_curves, "curves");
    m_log->moveToThread(&reading);
    m_facts->moveToThread(&reading);
    for (QObject* part : std::initializer_list<QObject*>{m_log, m_facts}) connect(&reading, &QThread::finished, part, &QObject::deleteLater);
    connect(&reading, &QThread::started, m_curves, &CurveReader::start);
    connect(&reading, &QThread::started, m_log, &LogReader::start);
    connect(&threadFor(m_hardware, "hardware"), &QThread::started, m_hardware, &Hardware::start);
    threadFor(m_commands, "commands");
    threadFor(m_fit, "fit");
    threadFor(m_models, "models");
    threadFor(m_predictor, "predictor");
    QThread& asking = threadFor(m_questions, "questions");
    m_exporter->moveToThread(&asking);
    connect(&asking, &QThread::finished, m_exporter, &QObject::deleteLater);
}

QThread& Bridge::threadFor(QObject* object, const char* name) {
    m_threads.push_back(std::make_unique<QThread>());
    QThread& thread = *m_threads.back();
    thread.setObjectName(QLatin1String(name));
    object->moveToThread(&thread);
    connect(&thread, &QThread::finished, object, &QObject::deleteLater);
    return thread;
}

Bridge::~Bridge() {
    for (const auto& thread : m_threads) thread->quit();
    for (const auto& thread : m_threads) thread->wait();
    for (QObject* part : std::initializer_list<QObject*>{m_store, m_curves, m_log, m_commands, m_questions, m_exporter, m_hardware, m_fit, m_facts, m_models, m_predictor})
        if (!m_threads.front()->isFinished()) delete part;  // never started
}

void Bridge::start() {
    for (const auto& thread : m_threads) thread->start();
}

void Bridge::watch(const Watch& watch) {
    QMetaObject::invokeMethod(m_curves, [reader = m_curves, watch] { reader->watch(watch); }, Qt::QueuedConnection);
}

void Bridge::followLog(const QString& run) {
    QMetaObject::invokeMethod(m_log, [reader = m_log, run] { reader->follow(run); }, Qt::QueuedConnection);
}

void Bridge::setOurs(const QVector<qint64>& pids) {
    QMetaObject::invokeMethod(m_hardware, [hardware = m_hardware, pids] { hardware->setOurs(pids); }, Qt::QueuedConnection);
}

}  // namespace headroom::ui
