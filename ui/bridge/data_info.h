// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QStringList>
#include <QVector>

#include <memory>
#include <optional>

#include "base/models/models.h"
#include "base/models/wanted_pictures.h"
#include "ui/bridge/problem.h"

namespace headroom::ui {

class WorkerQuestions;
class ConfigDraft;

/// One sample as it came from the worker: raw bytes, channels interleaved.
struct SampleTile {
    QString label;
    int width = 0, height = 0, channels = 1;
    QByteArray pixels;
};

/// Nothing where the bytes do not match the extents: nothing is drawn past the end of them.
std::optional<SampleTile> tileOf(const QJsonObject& sample);

struct DataColumn {
    QString name, type;
    qint64 missing = 0;
    bool target = false;
};

/// What a dataset holds, as the worker saw it.
struct DataSummary {
    QString path, format, excerpt;
    models::DataShape shape;
    bool heldOut = false;
    bool resized = false;  ///< pictures of any size, made what the draft's model takes
    qint64 train = 0, validation = 0;
    qint64 pictureBytes = 0;  ///< of memory, for the pictures of a folder that stay decoded and the threads that decode
    QStringList classes;
    QVector<qint64> counts;
    QVector<DataColumn> columns;
    QVector<QStringList> rows;
    QStringList warnings;
    QVector<SampleTile> samples;
};
DataSummary dataSummaryOf(const QJsonObject& answer);

/// The graph in an answer to the question `model`. Throws as graph::graphFromJson().
graph::Graph graphOf(const QJsonObject& answer);

/// Looks into the draft's data and model file through the worker whenever what names them changes.
class DataInfo : public QObject {
    Q_OBJECT
public:
    enum class State { Empty, Looking, There, Failed };
    DataInfo(WorkerQuestions& questions, ConfigDraft& draft, QObject* parent = nullptr);

    State state() const { return m_state; }
    const DataSummary& summary() const { return m_summary; }
    /// What nets are made from: the data's shape and, once the worker has read it, the graph of the draft's model file.
    models::Basis basis() const { return {m_summary.shape, m_graph}; }
    /// Why there is no graph of the model file; empty where there is one, or no file.
    const Problem& modelFailure() const { return m_modelFailure; }
    const Problem& failure() const { return m_failure; }
    void look();

Q_SIGNALS:
    void changed();

private:
    void lookAtModel();
    void takeModel(const QJsonObject& answer);
    void enter(State state);

    WorkerQuestions& m_questions;
    ConfigDraft& m_draft;
    State m_state = State::Empty;
    DataSummary m_summary;
    Problem m_failure;
    qint64 m_asked = 0;
    QString m_last;
    models::WantedPictures m_wanted;
    std::shared_ptr<const graph::Graph> m_graph;
    Problem m_modelFailure;
    qint64 m_modelAsked = 0;
    QString m_modelPath;
};

}  // namespace headroom::ui
