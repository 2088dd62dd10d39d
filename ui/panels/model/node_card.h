// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include "ui/panels/model/node_tables.h"
#include "ui/widgets/card.h"

class QSortFilterProxyModel;
class QTabBar;
class QTableView;

namespace headroom::ui {

/// Beside the graph: what is known of the chosen node, and all nodes in a table; a row of it leads to the graph.
class NodeCard : public Card {
    Q_OBJECT
public:
    explicit NodeCard(QWidget* parent = nullptr);
    /// `summary`: of a file, as the worker told it; else empty.
    void setScene(const GraphScenePtr& scene, const QJsonObject& summary = {});
    void show(int node, int block);
    DetailsModel& details() { return *m_details; }
    NodesModel& nodes() { return *m_nodes; }
    QTableView* nodesTable() const { return m_nodesTable; }
    QTabBar* tabs() const { return m_tabs; }

Q_SIGNALS:
    void chosen(int node);

private:
    GraphScenePtr m_scene;
    QJsonObject m_summary;
    DetailsModel* m_details;
    NodesModel* m_nodes;
    QSortFilterProxyModel* m_sorted;
    QTableView *m_detailsTable, *m_nodesTable;
    QTabBar* m_tabs;
};

}  // namespace headroom::ui
