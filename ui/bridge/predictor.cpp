// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/predictor.h"

#include <QJsonDocument>

#include <nlohmann/json.hpp>

#include "base/store/run_reader.h"
#include "ui/bridge/worker_call.h"

namespace headroom::ui {
namespace {

constexpr int kTop = 5;
constexpr int kGatherMs = 100;

/// Of a run in the trash or a damaged one nothing: the list of runs says so.
QJsonObject referenceOf(const std::filesystem::path& folder) {
    try {
        const std::string text = store::RunReader{store::RunFolder(folder)}.fact("reference").dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

Predictor::Predictor(std::filesystem::path runs, QString program) : m_runs(std::move(runs)), m_program(std::move(program)), m_soon(new QTimer(this)) {
    m_soon->setSingleShot(true);
    m_soon->setInterval(kGatherMs);
    connect(m_soon, &QTimer::timeout, this, &Predictor::tellWritten);
}

Predictor::~Predictor() = default;

QString Predictor::folderOf(const QString& run) const { return QString::fromStdString((m_runs / run.toStdString()).string()); }

void Predictor::look(const QString& run) {
    QMetaObject::invokeMethod(this, [this, run] { lookNow(run); }, Qt::QueuedConnection);
}

void Predictor::lookNow(const QString& run) {
    const std::filesystem::path folder = m_runs / run.toStdString();
    if (m_known.run != run || m_known.kind.isEmpty()) m_known = predictableOf(run, referenceOf(folder));
    PredictableRun found = m_known;
    lookIntoFolder(found, folder);
    Q_EMIT looked(found);
}

qint64 Predictor::ask(const Question& question) {
    QStringList arguments{QStringLiteral("predict"), QStringLiteral("--run"), folderOf(question.run), QStringLiteral("--weights"), question.weights,
                          QStringLiteral("--top"), QString::number(kTop)};
    if (question.beside) arguments << QStringLiteral("--compare");
    return startSoon(arguments << QStringLiteral("--") << question.inputs);
}

qint64 Predictor::generate(const Prompt& prompt) {
    return startSoon({QStringLiteral("generate"), QStringLiteral("--run"), folderOf(prompt.run), QStringLiteral("--weights"), prompt.weights, QStringLiteral("--prompt"), prompt.text,
                      QStringLiteral("--tokens"), QString::number(prompt.tokens), QStringLiteral("--temperature"), QString::number(prompt.temperature),
                      QStringLiteral("--top-k"), QString::number(prompt.topK), QStringLiteral("--seed"), prompt.seed});
}

qint64 Predictor::startSoon(const QStringList& arguments) {
    const qint64 id = ++m_last;
    QMetaObject::invokeMethod(this, [this, id, arguments] { start(id, arguments); }, Qt::QueuedConnection);
    return id;
}

void Predictor::stop() {
    QMetaObject::invokeMethod(this, [this] {
        tellWritten();
        m_call.reset();
    }, Qt::QueuedConnection);
}

void Predictor::start(qint64 id, const QStringList& arguments) {
    tellWritten();
    m_id = id;
    m_call = std::make_unique<WorkerCall>(m_program);
    connect(m_call.get(), &WorkerCall::said, this, &Predictor::take);
    connect(m_call.get(), &WorkerCall::failed, this, [this](const Problem& problem) {
        tellWritten();
        Q_EMIT failed(m_id, problem);
    });
    m_call->start(arguments);
}

void Predictor::take(const QJsonObject& line) {
    if (line.contains(QLatin1String("text"))) {
        m_text += line.value(QLatin1String("text")).toString();
        ++m_tokens;
        if (!m_soon->isActive()) m_soon->start();
        return;
    }
    tellWritten();
    if (line.contains(QLatin1String("predictions")))
        Q_EMIT answered(m_id, predictionsOf(line));
    else
        Q_EMIT generated(m_id, line.value(QLatin1String("tokens")).toInteger(), line.value(QLatin1String("seconds")).toDouble());
}

void Predictor::tellWritten() {
    m_soon->stop();
    if (m_tokens > 0) Q_EMIT written(m_id, m_text, m_tokens);
    m_text.clear();
    m_tokens = 0;
}

}  // namespace headroom::ui
