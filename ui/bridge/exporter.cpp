// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/exporter.h"

#include <QFile>
#include <QJsonDocument>

#include "base/process/launch.h"

namespace headroom::ui {
namespace {
constexpr qint64 kLargestReport = 4 << 20;
constexpr int kFarewellMs = 300;
}  // namespace

Exporter::~Exporter() {
    if (!m_process) return;
    m_process->disconnect(this);
    m_process->terminate();
    m_process->waitForFinished(kFarewellMs);
}

void Exporter::exportRun(const QString& run, const QString& format) {
    QMetaObject::invokeMethod(this, [this, run, format] { m_waiting.push_back({run, format}); next(); }, Qt::QueuedConnection);
}

void Exporter::load(const QString& run) {
    QMetaObject::invokeMethod(this, [this, run] { read(run); }, Qt::QueuedConnection);
}

void Exporter::next() {
    if (!m_now.isEmpty() || m_waiting.empty()) return;
    const Job job = m_waiting.front();
    m_waiting.pop_front();
    m_now = job.run;
    m_process = new QProcess(this);
    m_process->setStandardErrorFile(QProcess::nullDevice());
    connect(m_process, &QProcess::finished, this, &Exporter::ended);
    connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart) ended();
    });
    try {
        const QString folder = QString::fromStdString((m_runs / job.run.toStdString()).string());
        m_process->start(QString::fromStdString(process::sibling("headroom-worker").string()),
                         {QStringLiteral("export"), QStringLiteral("--run"), folder, QStringLiteral("--format"), job.format});
    } catch (const Error& error) {
        Q_EMIT failed(m_now, problemsOf(error).first());
        m_now.clear();
    }
}

void Exporter::ended() {
    const QJsonObject answer = QJsonDocument::fromJson(m_process->readAllStandardOutput()).object();
    const QJsonObject error = answer.value(QLatin1String("error")).toObject();
    const QString run = m_now;
    m_now.clear();
    if (!error.isEmpty())
        Q_EMIT failed(run, {Severity::Error, error.value(QLatin1String("code")).toString(), run, error.value(QLatin1String("message")).toString()});
    else if (answer.isEmpty())
        Q_EMIT failed(run, {Severity::Error, QStringLiteral("WRK-01"), run, tr("The worker stopped while it exported: %1").arg(m_process->errorString())});
    m_process->deleteLater();
    m_process = nullptr;
    read(run);
    Q_EMIT finished(run);
    next();
}

void Exporter::read(const QString& run) {
    QFile file(QString::fromStdString((m_runs / run.toStdString() / "exports" / "report.json").string()));
    const bool there = file.open(QIODevice::ReadOnly) && file.size() <= kLargestReport;
    Q_EMIT report(run, there ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject());
}

}  // namespace headroom::ui
