// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>

#include "ui/panels/context.h"

class QStackedWidget;
class QTabBar;

namespace headroom::ui {

class Card;
class FillablePage;
class LiveCard;
class MatrixView;
class MemoryCard;
class OwnersCard;
class FinderView;
class SavingsView;
class StepCard;
class WaysView;

/// What a step of the next run needs and what makes it fit, following the settings at its right while they move; below
/// the owners of its peak, and beside it what the selected run was measured to take.
class MemoryPanel : public Panel {
    Q_OBJECT
public:
    explicit MemoryPanel(const Context& context, QWidget* parent = nullptr);
    bool accept(const QString& path) override;

    MemoryCard& bar() { return *m_bar; }
    StepCard& step() { return *m_step; }
    LiveCard& live() { return *m_live; }
    WaysView& ways() { return *m_ways; }
    MatrixView& matrix() { return *m_matrix; }
    OwnersCard& owners() { return *m_owners; }
    SavingsView& savings() { return *m_savings; }
    QTabBar* tabs() const { return m_tabs; }

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* filledPage();
    Card* tabbedCard();
    void connectRuns();
    void follow();
    void refresh();
    void explainEmpty();

    Context m_context;
    FillablePage* m_page;
    MemoryCard* m_bar;
    StepCard* m_step;
    LiveCard* m_live;
    WaysView* m_ways;
    MatrixView* m_matrix;
    OwnersCard* m_owners;
    SavingsView* m_savings;
    FinderView* m_finder;
    QTabBar* m_tabs;
    QStackedWidget* m_tabPages;
    QTimer m_refresh;
};

}  // namespace headroom::ui
