// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/panels/predict/answers_view.h"
#include "ui/widgets/card.h"

class QStackedWidget;

namespace headroom::ui {

/// The answers so far; without any, what can be done for the first one.
class AnswersCard : public Card {
    Q_OBJECT
public:
    explicit AnswersCard(QWidget* parent = nullptr);

    AnswersView& view() { return *m_view; }
    AnswersModel& model() { return m_view->model(); }
    PlaceholderCard& placeholder() { return *m_empty; }
    QPushButton* againButton() const { return m_again; }
    QPushButton* clearButton() const { return m_clear; }
    QString latencies() const { return m_view->head(); }
    QString status() const { return m_status->text(); }

    void setKind(const QString& kind);
    /// Empty: what is there speaks for itself.
    void setBusy(const QString& what);
    /// Latencies and differences of what was just answered.
    void tell(const Predictions& answers, const QString& exported);
    void forget();

Q_SIGNALS:
    /// What the placeholder offers.
    void firstWanted();
    void picturesWanted();
    void againWanted();
    void clearWanted();

private:
    void follow();

    QStackedWidget* m_pages;
    PlaceholderCard* m_empty;
    AnswersView* m_view;
    QLabel* m_status;
    QPushButton *m_open, *m_again, *m_clear;
    QString m_busy, m_exported;
    Predictions m_last;  ///< of the last answer, without its rows
    double m_difference = 0;
    bool m_pictures = false;
};

}  // namespace headroom::ui
