// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>

#include "ui/bridge/graph_learning.h"
#include "ui/bridge/model_explorer.h"

class QUndoStack;

namespace headroom::ui {

class ConfigDraft;

/// What can be said of the training of what is chosen in a graph: actions for the graph's menu and keys, and for buttons beside it.
/// Each writes train.freeze and model.lora of the next run as one entry of the undo stack.
class TrainingActions : public QObject {
    Q_OBJECT
public:
    TrainingActions(ConfigDraft& draft, QUndoStack& undo, QObject* parent);

    /// `model`: what is planned, whose parameters are spoken of. Null, as without a scene or with two that are compared: nothing can be done.
    void follow(const GraphScenePtr& scene, const ExploredModelPtr& model, int node, int block);

    QAction* freeze() const { return m_freeze; }  ///< or trains what is frozen
    QAction* before() const { return m_before; }
    QAction* alone() const { return m_alone; }
    QAction* update() const { return m_update; }  ///< or takes it away
    QList<QAction*> all() const { return {m_freeze, m_before, m_alone, m_update}; }

Q_SIGNALS:
    void refused(const QString& sentence);

private:
    QAction* action(const QString& help, const QKeySequence& key, void (TrainingActions::*does)());
    void followFreezing(const GraphScene& scene, int node, int block);
    void followUpdates();
    bool isAllFrozen(const models::ParameterNames& names) const;
    bool isAlone() const;
    void toggleFreezing();
    void freezeBefore();
    void trainAlone();
    void toggleUpdate();
    void write(TrainingChoice choice, const models::ParameterNames& parameters, const QString& text);

    ConfigDraft& m_draft;
    QUndoStack& m_undo;
    QAction *m_freeze, *m_before, *m_alone, *m_update;
    ExploredModelPtr m_model;
    models::ParameterNames m_chosen;   ///< parameters of what is chosen
    models::ParameterNames m_only;     ///< those, and a new head that cannot be chosen
    models::ParameterNames m_earlier;  ///< of what lies before it
    models::ParameterNames m_weights;  ///< matrices among them that can have updates
    QString m_where;
    bool m_isWhole = false, m_isFrozen = false, m_isUpdated = false;
};

}  // namespace headroom::ui
