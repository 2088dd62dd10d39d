// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>

#include <optional>

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
    QAction* before() const { return m_freezeBefore; }
    QAction* alone() const { return m_alone; }
    QAction* update() const { return m_update; }  ///< or takes it away
    QList<QAction*> all() const { return {m_freeze, m_freezeBefore, m_alone, m_update}; }

Q_SIGNALS:
    void refused(const QString& sentence);

private:
    QAction* action(const QString& help, const QKeySequence& key, void (TrainingActions::*does)());
    void followChoice(int node, int block);
    bool isAlone() const;
    void toggleFreezing();
    void freezeBefore();
    void trainAlone();
    void toggleUpdate();
    void write(TrainingChoice choice, const ParameterFinder::Ids& parameters, const QString& text);

    ConfigDraft& m_draft;
    QUndoStack& m_undo;
    QAction *m_freeze, *m_freezeBefore, *m_alone, *m_update;
    ExploredModelPtr m_model;
    std::optional<ParameterFinder> m_finder;  ///< in the scene; none: nothing can be done
    ParameterFinder::Ids m_chosen;    ///< parameters of what is chosen
    ParameterFinder::Ids m_only;      ///< those, and a new head that cannot be chosen
    ParameterFinder::Ids m_before;    ///< of what lies before it
    ParameterFinder::Ids m_matrices;  ///< among them, those that can have updates
    QString m_where;
    bool m_isWhole = false, m_isFrozen = false, m_isUpdated = false;
};

}  // namespace headroom::ui
