// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

namespace headroom::ui {

/// What a project without runs begins with: the sample, or own data.
class WelcomePage : public QWidget {
    Q_OBJECT
public:
    explicit WelcomePage(QWidget* parent = nullptr);

Q_SIGNALS:
    void wanted(const QString& action);
};

}  // namespace headroom::ui
