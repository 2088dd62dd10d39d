// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/log_reader.h"

#include <QFile>
#include <QTimer>

namespace headroom::ui {
namespace {

constexpr int kPollMs = 500;
constexpr qint64 kFirstPart = 64 * 1024;

}  // namespace

void LogReader::start() {
    m_timer = new QTimer(this);
    connect(m_timer, &QTimer::timeout, this, &LogReader::poll);
    m_timer->start(kPollMs);
}

void LogReader::follow(const QString& run) {
    if (run == m_run) return;
    m_run = run;
    m_at = -1;
    Q_EMIT begun(run);
    poll();
}

void LogReader::poll() {
    if (m_run.isEmpty()) return;
    QFile file(QString::fromStdString((m_runsFolder / m_run.toStdString() / "log.txt").string()));
    if (!file.open(QIODevice::ReadOnly)) return;
    if (m_at < 0 || m_at > file.size()) m_at = std::max<qint64>(0, file.size() - kFirstPart);
    if (m_at == file.size() || !file.seek(m_at)) return;
    const QByteArray bytes = file.read(kFirstPart);
    m_at += bytes.size();
    Q_EMIT added(m_run, QString::fromUtf8(bytes));
}

}  // namespace headroom::ui
