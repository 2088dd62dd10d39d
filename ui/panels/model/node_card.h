// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include "ui/panels/model/node_tables.h"
#include "ui/widgets/card.h"

class QAction;
class QGridLayout;
class QSortFilterProxyModel;
class QTabBar;
class QTableView;

namespace headroom::ui {

/// Beside the graph: what is known of the chosen node, and all nodes in a table; a row of it leads to the graph. Below, what of the net
/// is trained, with a button for each action.
class NodeCard : public Card {
    Q_OBJECT
public:
    explicit NodeCard(const QList<QAction*>& actions, QWidget* parent = nullptr);
    /// `summary`: of a file, as the worker told it; else empty.
    void setScene(const GraphScenePtr& scene, const QJsonObject& summary = {});
    void show(int node, int block);
    /// How much of the net is trained, or why nothing can be; empty where nobody asked.
    void setTrained(const QString& text);
    QLabel* trained() const { return m_trained; }
    DetailsModel& details() { return *m_details; }
    NodesModel& nodes() { return *m_nodes; }
    QTableView* nodesTable() const { return m_nodesTable; }
    QTabBar* tabs() const { return m_tabs; }

Q_SIGNALS:
    void chosen(int node);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* training(const QList<QAction*>& actions);

    GraphScenePtr m_scene;
    QJsonObject m_summary;
    DetailsModel* m_details;
    NodesModel* m_nodes;
    QSortFilterProxyModel* m_sorted;
    QTableView *m_detailsTable, *m_nodesTable;
    QTabBar* m_tabs;
    QLabel* m_trained;
    QGridLayout* m_grid = nullptr;
    QList<QPushButton*> m_buttons;
};

}  // namespace headroom::ui
