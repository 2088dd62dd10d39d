// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QMap>
#include <QWidget>

#include "base/config/fields.h"

class QGridLayout;
class QLabel;
class QUndoStack;

namespace headroom::ui {

class ConfigDraft;
class FieldEditor;

/// The configuration as a form, generated from the table of fields: a control a field, in the document's order, with
/// section heads; what has no effect as the others stand is hidden. Every edit is an entry of the undo stack.
class ConfigForm : public QWidget {
    Q_OBJECT
public:
    ConfigForm(ConfigDraft& draft, QUndoStack& undo, QWidget* parent = nullptr);

    void setLevel(config::Level level);
    config::Level level() const { return m_level; }
    /// Paths that have a control, in the order of the form.
    QStringList paths() const;
    FieldEditor* editor(const QString& path) const { return m_rows.value(path).editor; }
    /// Puts a widget below the control of a field: the equation below the batch, the preview below the schedule.
    void attach(const QString& path, QWidget* widget);

private:
    struct Row {
        const config::Field* field = nullptr;
        QLabel* label = nullptr;
        FieldEditor* editor = nullptr;
        QLabel* fault = nullptr;
        QWidget* attached = nullptr;
        QString section;
    };
    void addRow(const config::Field& field);
    void edit(const QString& path, const QString& text);
    void refresh();
    void refreshVisibility();

    ConfigDraft& m_draft;
    QUndoStack& m_undo;
    QGridLayout* m_grid;
    QMap<QString, Row> m_rows;
    QStringList m_order;
    QMap<QString, QLabel*> m_sections;
    config::Level m_level = config::Level::Simple;
};

}  // namespace headroom::ui
