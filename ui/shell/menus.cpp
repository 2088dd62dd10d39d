// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/menus.h"

#include <QMenu>

#include "ui/shell/actions.h"

namespace headroom::ui {

QMenu* windowMenu(Actions& actions, QWidget* window) {
    auto* menu = new QMenu(window);
    QMap<QString, QMenu*> groups;
    for (const ActionSpec& spec : actionTable()) {
        const QString group = Actions::tr(spec.menu);
        if (!groups.contains(group)) groups[group] = menu->addMenu(group);
        groups[group]->addAction(actions[QLatin1String(spec.name)]);
    }
    return menu;
}

}  // namespace headroom::ui
