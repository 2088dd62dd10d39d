// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/worker_questions.h"

#include <QJsonDocument>

#include <algorithm>

#include "base/process/launch.h"

namespace headroom::ui {
namespace {
constexpr int kFarewellMs = 300;
}

WorkerQuestions::WorkerQuestions(QString program) : m_program(std::move(program)) {}

WorkerQuestions::~WorkerQuestions() {
    if (!m_process) return;
    m_process->disconnect(this);
    m_process->closeWriteChannel();
    if (!m_process->waitForFinished(kFarewellMs)) m_process->kill();
    m_process->waitForFinished(kFarewellMs);
}

qint64 WorkerQuestions::ask(const QString& topic, QJsonObject question) {
    const qint64 id = ++m_last;
    question.insert(QStringLiteral("id"), id);
    QMetaObject::invokeMethod(this, [this, id, topic, question] { add({id, topic, question}); }, Qt::QueuedConnection);
    return id;
}

void WorkerQuestions::add(Question question) {
    const auto same = std::find_if(m_waiting.begin(), m_waiting.end(), [&](const Question& q) { return q.topic == question.topic; });
    if (same != m_waiting.end()) {
        Q_EMIT replaced(same->id);
        *same = std::move(question);
    } else {
        m_waiting.push_back(std::move(question));
    }
    sendNext();
}

void WorkerQuestions::sendNext() {
    if (m_asked || m_waiting.empty()) return;
    m_asked = std::move(m_waiting.front());
    m_waiting.pop_front();
    if (!ensureRunning()) return;
    m_process->write(QJsonDocument(m_asked->body).toJson(QJsonDocument::Compact) + '\n');
}

bool WorkerQuestions::ensureRunning() {
    if (m_process && m_process->state() != QProcess::NotRunning) return true;
    try {
        if (m_program.isEmpty()) m_program = QString::fromStdString(process::sibling("headroom-worker").string());
    } catch (const Error& error) {
        fail(problemsOf(error).first());
        return false;
    }
    if (!m_process) {
        m_process = new QProcess(this);
        m_process->setStandardErrorFile(QProcess::nullDevice());
        connect(m_process, &QProcess::readyReadStandardOutput, this, &WorkerQuestions::readLines);
        connect(m_process, &QProcess::finished, this, &WorkerQuestions::died);
        connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart) died();
        });
    }
    m_process->start(m_program, {QStringLiteral("serve")});
    return true;
}

void WorkerQuestions::readLines() {
    while (m_process->canReadLine()) take(m_process->readLine());
}

void WorkerQuestions::take(const QByteArray& line) {
    const QJsonObject answer = QJsonDocument::fromJson(line).object();
    if (!m_asked || answer.value(QLatin1String("id")).toInteger(-1) != m_asked->id) return;
    const QJsonObject error = answer.value(QLatin1String("error")).toObject();
    if (!error.isEmpty()) {
        fail({Severity::Error, error.value(QLatin1String("code")).toString(), m_asked->topic,
              error.value(QLatin1String("message")).toString()});
        return;
    }
    // Progress lines carry the id too and leave the question open.
    const bool partial = answer.value(QLatin1String("partial")).toBool();
    const Question question = *m_asked;
    if (!partial) m_asked.reset();
    Q_EMIT answered(question.id, question.topic, answer);
    if (!partial) sendNext();
}

void WorkerQuestions::died() {
    if (!m_asked) return;
    const QString how = m_process->error() == QProcess::FailedToStart
                            ? tr("The worker could not be started: %1").arg(m_process->errorString())
                            : tr("The worker stopped while it looked into this (%1). The studio is not affected; a new worker starts with the next question.")
                                  .arg(m_process->exitStatus() == QProcess::CrashExit ? tr("crashed") : tr("exit status %1").arg(m_process->exitCode()));
    fail({Severity::Error, QStringLiteral("WRK-01"), m_asked->topic, how});
}

void WorkerQuestions::fail(const Problem& problem) {
    const Question question = *m_asked;
    m_asked.reset();
    Q_EMIT failed(question.id, question.topic, problem);
    sendNext();
}

}  // namespace headroom::ui
