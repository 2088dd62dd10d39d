// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/data_info.h"

#include <QJsonArray>
#include <QJsonDocument>

#include "base/errors/error.h"
#include "base/graph/document.h"
#include "base/models/data_shape.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/worker_questions.h"

namespace headroom::ui {
namespace {

constexpr int kSamples = 24;

QStringList texts(const QJsonValue& value) {
    QStringList list;
    for (const QJsonValue each : value.toArray()) list << (each.isString() ? each.toString() : each.toVariant().toString());
    return list;
}

models::DataShape shapeOf(QJsonObject answer) {
    for (const char* large : {"samples", "rows", "columns", "excerpt"}) answer.remove(large);
    const QByteArray text = QJsonDocument(answer).toJson(QJsonDocument::Compact);
    return models::shapeFromJson(nlohmann::json::parse(text.begin(), text.end(), nullptr, false));
}

}  // namespace

std::optional<SampleTile> tileOf(const QJsonObject& a) {
    SampleTile tile{a.value("label").toString(), a.value("width").toInt(), a.value("height").toInt(), a.value("channels").toInt(1),
                    QByteArray::fromBase64(a.value("pixels").toString().toLatin1())};
    const qint64 bytes = qint64(tile.width) * tile.height * tile.channels;
    const bool usable = tile.width > 0 && tile.height > 0 && (tile.channels == 1 || tile.channels == 3) && bytes == tile.pixels.size();
    return usable ? std::optional(tile) : std::nullopt;
}

DataSummary dataSummaryOf(const QJsonObject& a) {
    DataSummary s;
    s.format = a.value("format").toString();
    s.excerpt = a.value("excerpt").toString();
    s.shape = shapeOf(a);
    s.heldOut = a.value("held_out").toBool();
    s.resized = a.value("resized").toBool();
    s.train = a.value("train").toInteger();
    s.validation = a.value("validation").toInteger();
    const QJsonObject pictures = a.value("pictures").toObject();
    s.pictureBytes = pictures.value("kept").toInteger() + pictures.value("decoding").toInteger();
    s.classes = texts(a.value("classes"));
    for (const QJsonValue count : a.value("counts").toArray()) s.counts << count.toInteger();
    for (const QJsonValue value : a.value("columns").toArray()) {
        const QJsonObject c = value.toObject();
        s.columns << DataColumn{c.value("name").toString(), c.value("type").toString(), c.value("missing").toInteger(), c.value("role").toString() == "target"};
    }
    for (const QJsonValue row : a.value("rows").toArray()) s.rows << texts(row);
    s.warnings = texts(a.value("warnings"));
    for (const QJsonValue sample : a.value("samples").toArray())
        if (const auto tile = tileOf(sample.toObject())) s.samples << *tile;
    return s;
}

graph::Graph graphOf(const QJsonObject& answer) {
    const QByteArray text = QJsonDocument(answer.value(QLatin1String("graph")).toObject()).toJson(QJsonDocument::Compact);
    return graph::graphFromJson(nlohmann::json::parse(text.begin(), text.end(), nullptr, false));
}

DataInfo::DataInfo(WorkerQuestions& questions, ConfigDraft& draft, QObject* parent) : QObject(parent), m_questions(questions), m_draft(draft) {
    connect(&m_draft, &ConfigDraft::changed, this, [this](const QString& path) {
        for (const char* field : {"", "data.path", "data.target", "data.header", "data.task", "data.side", "model.arch"})
            if (path == QLatin1String(field)) look();
        if (path.isEmpty() || path == "model.file") lookAtModel();
    });
    connect(&m_questions, &WorkerQuestions::answered, this, [this](qint64 id, const QString&, const QJsonObject& answer) {
        if (id == m_modelAsked) takeModel(answer);
        if (id != m_asked) return;
        const QString path = m_summary.path;
        m_summary = dataSummaryOf(answer);
        m_summary.path = path;
        enter(State::There);
    });
    connect(&m_questions, &WorkerQuestions::failed, this, [this](qint64 id, const QString&, const Problem& problem) {
        if (id == m_modelAsked) {
            m_modelFailure = problem;
            Q_EMIT changed();
        }
        if (id != m_asked) return;
        m_failure = problem;
        enter(State::Failed);
    });
}

void DataInfo::look() {
    const auto& data = m_draft.config().data;
    const QString path = QString::fromStdString(data.path);
    const QString question = path + '\n' + QString::fromStdString(data.target + '\n' + data.header + '\n' + data.task);
    const models::WantedPictures wanted = models::wantedPictures(data.side, m_draft.config().model.arch, m_graph.get());
    const bool followsModel = m_summary.resized || m_state == State::Failed || m_state == State::Looking;  // not known yet
    if (question == m_last && !(followsModel && wanted != m_wanted)) return;
    m_last = question;
    m_wanted = wanted;
    m_summary = {};
    m_summary.path = path;
    m_asked = 0;
    if (path.isEmpty()) return enter(State::Empty);
    const QJsonObject options{{"target", QString::fromStdString(data.target)}, {"header", QString::fromStdString(data.header)},
                              {"task", QString::fromStdString(data.task)}, {"samples", kSamples},
                              {"channels", qint64{wanted.channels}}, {"height", qint64{wanted.height}}, {"width", qint64{wanted.width}},
                              {"usual_side", qint64{wanted.usualSide}}};
    m_asked = m_questions.ask(QStringLiteral("inspect"), {{"ask", "inspect"}, {"path", path}, {"options", options}});
    enter(State::Looking);
}

void DataInfo::lookAtModel() {
    const QString path = QString::fromStdString(m_draft.config().model.file);
    if (path == m_modelPath) return;
    m_modelPath = path;
    m_graph.reset();
    m_modelFailure = {};
    m_modelAsked = path.isEmpty() ? 0 : m_questions.ask(QStringLiteral("model of the draft"), {{"ask", "model"}, {"path", path}, {"graph", true}});
    if (path.isEmpty()) look();
    Q_EMIT changed();
}

void DataInfo::takeModel(const QJsonObject& answer) {
    try {
        m_graph = std::make_shared<const graph::Graph>(graphOf(answer));
    } catch (const Error& error) {
        m_modelFailure = problemsOf(error).first();
    }
    look();
    Q_EMIT changed();
}

void DataInfo::enter(State state) {
    m_state = state;
    Q_EMIT changed();
}

}  // namespace headroom::ui
