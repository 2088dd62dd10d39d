// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

class QUndoStack;

namespace headroom::ui {

class Bridge;
class ChartGroup;
class ConfigDraft;
class DataInfo;
class MemoryPlan;
class RunsModel;
class Selection;

/// What a panel is given: the models that it shows and the ways to act. A panel owns none of them.
struct Context {
    Bridge& bridge;
    RunsModel& runs;
    Selection& selection;
    ChartGroup& charts;
    ConfigDraft& draft;
    DataInfo& data;
    MemoryPlan& memory;
    QUndoStack& undo;
};

/// A page of the window. The shell makes one for each entry of the activity bar (panels.h).
class Panel : public QWidget {
    Q_OBJECT
public:
    explicit Panel(QWidget* parent = nullptr) : QWidget(parent) { setObjectName(QStringLiteral("page")); }
    /// Takes a dropped file or folder; false where the page has no use for it.
    virtual bool accept(const QString&) { return false; }
    /// Goes to the page's own search; false where it has none.
    virtual bool find() { return false; }

Q_SIGNALS:
    /// Asks the shell for another page or an action by its name.
    void wanted(const QString& action);
    /// Asks the shell to show a node of the chosen model's graph.
    void nodeWanted(const QString& node);
};

}  // namespace headroom::ui
