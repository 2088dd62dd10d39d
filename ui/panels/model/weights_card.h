// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include "ui/panels/context.h"
#include "ui/widgets/card.h"

class QStringListModel;
class QTableView;

namespace headroom::ui {

class ProblemNote;
struct Problem;
class WeightsModel;
class WorkerQuestions;

/// A file of weights beside the architecture that is chosen: which of its tensors are which parameters, to be corrected and taken
/// for the next run. Follows the architecture and the data.
class WeightsCard : public Card {
    Q_OBJECT
public:
    WeightsCard(const Context& context, WorkerQuestions& questions, QWidget* parent = nullptr);

    static bool isWeights(const QString& path);
    void open(const QString& path);
    bool isOpen() const { return !m_path.isEmpty(); }

    WeightsModel& weights() { return *m_weights; }
    QTableView* table() const { return m_table; }
    QPushButton* useButton() const { return m_use; }
    QPushButton* resetButton() const { return m_reset; }
    QPushButton* closeButton() const { return m_close; }
    QLabel* message() const { return m_message; }
    ProblemNote& problem() { return *m_problem; }

public Q_SLOTS:
    void close();

Q_SIGNALS:
    void openChanged();

private:
    void connectAll();
    QWidget* buttons();
    void ask();
    void take(const QJsonObject& answer);
    void showTensors(bool there);
    void refuse(const Problem& problem);
    void use();
    QString keptNames() const;

    Context m_context;
    WorkerQuestions& m_questions;
    WeightsModel* m_weights;
    QStringListModel* m_tensors;  ///< of the file, for completion
    QTableView* m_table;
    QLabel* m_message;
    ProblemNote* m_problem;
    QPushButton *m_use, *m_reset, *m_close;
    QString m_path, m_arch, m_map;  ///< the file, the architecture it was last asked about, names that a run was to take already
    QJsonObject m_edits;            ///< as in a file of model.weights_map
    QJsonObject m_choice;           ///< all names, as the answer had them
    qint64 m_asked = -1;
};

}  // namespace headroom::ui
