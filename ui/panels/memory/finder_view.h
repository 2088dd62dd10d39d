// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include <memory>

#include "ui/bridge/problem.h"
#include "ui/panels/context.h"
#include "ui/panels/memory/finder_model.h"

class QJsonObject;
class QLabel;
class QPushButton;
class QTableView;

namespace headroom::ui {

class WorkerQuestions;

/// The batch finder: one click measures real steps in every micro-batch that the plan lets fit; a second one takes the
/// fastest. The steps are made by a worker of their own, which ends with the measurement.
class FinderView : public QWidget {
    Q_OBJECT
public:
    /// `worker`: its program; empty = the one beside this program.
    explicit FinderView(const Context& context, QString worker = {}, QWidget* parent = nullptr);
    ~FinderView() override;
    FinderModel& model() { return *m_model; }
    QTableView* table() const { return m_table; }
    QPushButton* button() const { return m_begin; }
    QLabel* message() const { return m_message; }

private:
    void begin();
    void end();
    void follow();
    void show(const QJsonObject& answer);
    void apply(const QModelIndex& index);

    Context m_context;
    const QString m_worker;
    FinderModel* m_model;
    QTableView* m_table;
    QPushButton* m_begin;
    QLabel* m_message;
    std::unique_ptr<WorkerQuestions> m_measuring;  ///< while it measures
    std::int64_t m_batch = 0;                      ///< that was measured
};

}  // namespace headroom::ui
