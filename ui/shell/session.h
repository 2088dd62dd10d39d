// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QByteArray>
#include <QRect>
#include <QString>
#include <QStringList>

#include "ui/theme/theme.h"

namespace headroom::ui {

/// What the window looked like: one JSON file, replaced atomically, so that a crash never leaves half of one.
struct Session {
    QByteArray geometry, layout;  ///< as QMainWindow gives them
    QString page = QStringLiteral("train");
    QString run, draft;           ///< of `project`
    QString project;
    QStringList recent;           ///< project folders, newest first
    SchemeChoice scheme = SchemeChoice::System;
    int axis = 0;
    double smoothing = 0.6;
    bool advanced = false;
    int runsWidth = 0, setupWidth = 0;  ///< as they were dragged; 0: a share of the window

    static QString defaultPath();
    /// Defaults where the file is missing or cannot be understood.
    static Session load(const QString& path);
    QByteArray json() const;
    bool save(const QString& path) const;
};

}  // namespace headroom::ui
