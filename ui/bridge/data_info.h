// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QStringList>
#include <QVector>

#include <optional>

#include "base/models/models.h"
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
    qint64 train = 0, validation = 0;
    QStringList classes;
    QVector<qint64> counts;
    QVector<DataColumn> columns;
    QVector<QStringList> rows;
    QStringList warnings;
    QVector<SampleTile> samples;
};
DataSummary dataSummaryOf(const QJsonObject& answer);

/// Looks into the draft's data through the worker whenever its path, target, header or task changes.
class DataInfo : public QObject {
    Q_OBJECT
public:
    enum class State { Empty, Looking, There, Failed };
    DataInfo(WorkerQuestions& questions, ConfigDraft& draft, QObject* parent = nullptr);

    State state() const { return m_state; }
    const DataSummary& summary() const { return m_summary; }
    const Problem& failure() const { return m_failure; }
    void look();

Q_SIGNALS:
    void changed();

private:
    void enter(State state);

    WorkerQuestions& m_questions;
    ConfigDraft& m_draft;
    State m_state = State::Empty;
    DataSummary m_summary;
    Problem m_failure;
    qint64 m_asked = 0;
    QString m_last;
};

}  // namespace headroom::ui
