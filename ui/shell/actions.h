// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>
#include <QMap>
#include <QObject>

#include <span>

namespace headroom::ui {

/// One line of the table of everything that can be asked of the window: menus, palette, buttons and the list of
/// shortcuts are made from it.
struct ActionSpec {
    const char* name;      ///< "start"
    const char* menu;      ///< "Run"
    const char* text;      ///< "Start"
    const char* shortcut;  ///< "F5"; empty = none
    const char* help;      ///< a sentence
};
std::span<const ActionSpec> actionTable();
/// Keys that work while a chart or the list has the focus.
std::span<const std::pair<const char*, const char*>> focusKeys();

class Actions : public QObject {
    Q_OBJECT
public:
    explicit Actions(QWidget* window);
    QAction* operator[](const QString& name) const;
    const QMap<QString, QAction*>& all() const { return m_actions; }
    /// Calls `slot` when the action is triggered.
    template <class Receiver, class Slot>
    void on(const char* name, Receiver* receiver, Slot slot) {
        connect((*this)[QLatin1String(name)], &QAction::triggered, receiver, slot);
    }

private:
    QMap<QString, QAction*> m_actions;
};

}  // namespace headroom::ui
