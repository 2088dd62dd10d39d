// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QThread>

#include <filesystem>
#include <memory>
#include <vector>

#include "ui/bridge/curve_reader.h"
#include "ui/bridge/exporter.h"
#include "ui/bridge/fit_planner.h"
#include "ui/bridge/hardware.h"
#include "ui/bridge/log_reader.h"
#include "ui/bridge/model_explorer.h"
#include "ui/bridge/predictor.h"
#include "ui/bridge/run_commands.h"
#include "ui/bridge/run_facts.h"
#include "ui/bridge/store_reader.h"
#include "ui/bridge/worker_questions.h"

namespace headroom::ui {

/// The studio's only way to stores, processes and the machine's figures: each part lives in a thread of its own and
/// hands out finished values by signals. The GUI thread never waits for one of them.
class Bridge : public QObject {
    Q_OBJECT
public:
    Bridge(std::filesystem::path home, std::filesystem::path project);
    ~Bridge() override;

    void start();
    const std::filesystem::path& home() const { return m_home; }
    const std::filesystem::path& project() const { return m_project; }

    StoreReader& store() { return *m_store; }
    CurveReader& curves() { return *m_curves; }
    LogReader& log() { return *m_log; }
    RunCommands& commands() { return *m_commands; }
    WorkerQuestions& questions() { return *m_questions; }
    Exporter& exporter() { return *m_exporter; }
    Hardware& hardware() { return *m_hardware; }
    FitPlanner& fit() { return *m_fit; }
    RunFacts& facts() { return *m_facts; }
    ModelExplorer& models() { return *m_models; }
    Predictor& predictor() { return *m_predictor; }

    void watch(const Watch& watch);
    void followLog(const QString& run);
    void setOurs(const QVector<qint64>& pids);

Q_SIGNALS:
    /// From any of the parts.
    void problem(const headroom::ui::Problem& problem);

private:
    QThread& threadFor(QObject* object, const char* name);

    std::filesystem::path m_home, m_project;
    RunKeeper m_keeper;
    std::vector<std::unique_ptr<QThread>> m_threads;
    StoreReader* m_store;
    CurveReader* m_curves;
    LogReader* m_log;
    RunCommands* m_commands;
    WorkerQuestions* m_questions;
    Exporter* m_exporter;
    Hardware* m_hardware;
    FitPlanner* m_fit;
    RunFacts* m_facts;
    ModelExplorer* m_models;
    Predictor* m_predictor;
};

}  // namespace headroom::ui
