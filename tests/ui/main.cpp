// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QStandardPaths>

#include "support/main.h"
#include "ui/theme/theme.h"
#include "ui_support/watchdog.h"

int main(int argc, char** argv) {
    headroom::test::WatchedApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    headroom::ui::theme::apply(application, headroom::ui::SchemeChoice::Dark);
    return headroom::test::runAll(argc, argv);
}
