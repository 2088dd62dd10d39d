// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
class QMenu;
class QWidget;

namespace headroom::ui {

class Actions;

/// The menu of the window, a submenu for each group of the table of actions.
QMenu* windowMenu(Actions& actions, QWidget* window);

}  // namespace headroom::ui
