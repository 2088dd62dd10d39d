// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/widgets/card.h"
#include "ui/widgets/graph_view.h"

class QComboBox;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace headroom::ui {

/// The graph with what is done to it: colours, search, blocks, comparison; or what is said in place of one.
class GraphCard : public Card {
    Q_OBJECT
public:
    explicit GraphCard(QWidget* parent = nullptr);

    GraphView& view() { return *m_view; }
    QLineEdit* searchLine() const { return m_search; }
    QComboBox* compared() const { return m_compared; }
    QComboBox* colours() const { return m_colours; }
    PlaceholderCard& placeholder() { return *m_placeholder; }

    /// Null: the placeholder is shown.
    void setScene(const GraphScenePtr& scene);
    /// Titles that the graph can be compared with; what was chosen stays chosen.
    void setOthers(const QStringList& titles);
    /// The one that it is to be compared with, empty for none.
    QString other() const;
    void startSearch();

Q_SIGNALS:
    void otherChanged();

private:
    QWidget* toolbar();
    void searchNow(const QString& text);
    void next();
    void showColours(bool comparison);

    GraphView* m_view;
    QStackedWidget* m_stack;
    PlaceholderCard* m_placeholder;
    QWidget* m_toolbar;
    QComboBox *m_colours, *m_compared;
    QLineEdit* m_search;
    QLabel* m_count;
    QList<QWidget*> m_tools;  ///< in the head
    int m_at = -1;
    Colouring m_usual = Colouring::Family;
};

}  // namespace headroom::ui
