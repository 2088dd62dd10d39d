// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include "ui/bridge/graph_scene.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

struct DetailRow {
    QString name, value;
    bool isHead = false;
};
/// Everything about one node, or of a block in sum; row by row.
std::vector<DetailRow> detailsOf(const GraphScene& scene, int node, int block);

/// What a model's file says of itself, from the worker's answer to `model`.
std::vector<DetailRow> summaryRows(const QJsonObject& summary);

class DetailsModel : public TableOf<DetailRow> {
    Q_OBJECT
public:
    using TableOf::TableOf;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 2; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void set(std::vector<DetailRow> rows) { replaceRows(std::move(rows)); }
};

struct NodeRow {
    int index = 0;  ///< in GraphScene::nodes
    const SceneNode* node = nullptr;
};

/// All operators of a graph with their figures, to be sorted by a proxy (SortRole); inputs are no rows.
class NodesModel : public TableOf<NodeRow> {
    Q_OBJECT
public:
    enum Column { Name, Operator, Parameters, Flops, Memory, Time, kColumns };
    enum Role { SortRole = Qt::UserRole + 1 };
    using TableOf::TableOf;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void set(GraphScenePtr scene);

private:
    GraphScenePtr m_scene;
};

}  // namespace headroom::ui
