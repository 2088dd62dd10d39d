// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include "ui/panels/context.h"
#include "ui/panels/memory/fit_list.h"
#include "ui/panels/memory/fit_matrix.h"

class QLabel;
class QTableView;

namespace headroom::ui {

/// "Make it fit": the ways that stay within the budget, one click each.
class WaysView : public QWidget {
    Q_OBJECT
public:
    explicit WaysView(const Context& context, QWidget* parent = nullptr);
    void set(const FitAnswerPtr& answer);
    FitList& model() { return *m_model; }
    QTableView* table() const { return m_table; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showColumns();
    void apply(const QModelIndex& index);

    Context m_context;
    FitList* m_model;
    QTableView* m_table;
    QLabel* m_refusal;
    FitAnswerPtr m_answer;
};

/// What fits: a click takes a cell's batch and technique.
class MatrixView : public QWidget {
    Q_OBJECT
public:
    explicit MatrixView(const Context& context, QWidget* parent = nullptr);
    void set(const FitAnswerPtr& answer);
    FitMatrix& model() { return *m_model; }
    QTableView* table() const { return m_table; }

private:
    void apply(const QModelIndex& index);

    Context m_context;
    FitMatrix* m_model;
    QTableView* m_table;
};

}  // namespace headroom::ui
