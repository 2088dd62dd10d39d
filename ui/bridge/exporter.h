// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QObject>
#include <QProcess>

#include <deque>
#include <filesystem>

#include "ui/bridge/problem.h"

namespace headroom::ui {

/// Exports a run's net and has it proven, by the worker in a process of its own for each export, one after the other;
/// reads the report that lies beside the files.
class Exporter : public QObject {
    Q_OBJECT
public:
    explicit Exporter(std::filesystem::path runs) : m_runs(std::move(runs)) {}
    ~Exporter() override;

    /// From any thread. `format`: onnx, safetensors, all.
    void exportRun(const QString& run, const QString& format);
    /// Reads the report of an earlier export, if there is one.
    void load(const QString& run);

Q_SIGNALS:
    /// exports/report.json of the run; empty where it was never exported.
    void report(const QString& run, const QJsonObject& report);
    void finished(const QString& run);
    void failed(const QString& run, const headroom::ui::Problem& problem);

private:
    struct Job {
        QString run, format;
    };
    void next();
    void ended();
    void read(const QString& run);

    std::filesystem::path m_runs;
    std::deque<Job> m_waiting;
    QString m_now;
    QProcess* m_process = nullptr;
};

}  // namespace headroom::ui
