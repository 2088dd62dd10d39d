// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include "ui/bridge/fit_planner.h"
#include "ui/panels/context.h"
#include "ui/panels/memory/savings_model.h"

class QLabel;
class QPushButton;
class QSpinBox;
class QTableView;

namespace headroom::ui {

/// Settings that are measured one after another: as they are, with a quarter of the batch at once, with each technique
/// alone, with all that help. In the order of the experiment, the settings as they are first.
std::vector<std::pair<QString, config::RunConfig>> savingsOf(const FitAnswer& answer);

/// The savings experiment: one click measures what each technique saves and costs, by short runs on the same data.
class SavingsView : public QWidget {
    Q_OBJECT
public:
    explicit SavingsView(const Context& context, QWidget* parent = nullptr);
    void set(const FitAnswerPtr& answer);
    SavingsModel& model() { return *m_model; }
    QPushButton* button() const { return m_begin; }
    QSpinBox* steps() const { return m_steps; }

private:
    void begin();
    void follow();

    Context m_context;
    SavingsModel* m_model;
    QTableView* m_table;
    QSpinBox* m_steps;
    QPushButton* m_begin;
    QLabel* m_explained;
    FitAnswerPtr m_answer;
};

}  // namespace headroom::ui
