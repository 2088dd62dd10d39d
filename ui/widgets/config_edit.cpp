// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/config_edit.h"

#include <QUndoStack>
#include <QVector>

#include "ui/bridge/config_draft.h"

namespace headroom::ui {
namespace {

class ChangeTogether : public QUndoCommand {
public:
    struct Change {
        QString path, before, after;
    };
    ChangeTogether(ConfigDraft& draft, QVector<Change> changes, const QString& text) : QUndoCommand(text), m_draft(draft), m_changes(std::move(changes)) {}
    void redo() override {
        for (const Change& change : m_changes) m_draft.set(change.path, change.after);
    }
    void undo() override {
        for (const Change& change : m_changes) m_draft.set(change.path, change.before);
    }

private:
    ConfigDraft& m_draft;
    QVector<Change> m_changes;
};

}  // namespace

void changeTogether(ConfigDraft& draft, QUndoStack& undo, const config::RunConfig& wanted, const QString& text) {
    QVector<ChangeTogether::Change> changes;
    for (const std::string_view each : config::differences(draft.config(), wanted)) {
        const QString path = QString::fromUtf8(each.data(), static_cast<qsizetype>(each.size()));
        changes << ChangeTogether::Change{path, draft.text(path), QString::fromStdString(config::text(config::find(each)->read(wanted)))};
    }
    if (!changes.isEmpty()) undo.push(new ChangeTogether(draft, changes, text));
}

}  // namespace headroom::ui
