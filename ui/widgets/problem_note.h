// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFrame>

#include "ui/bridge/problem.h"

class QLabel;

namespace headroom::ui {

/// A problem where it arose: its sentences and its code. Hidden as long as there is none, and once it was read.
class ProblemNote : public QFrame {
    Q_OBJECT
public:
    explicit ProblemNote(QWidget* parent = nullptr);
    void set(const Problem& problem);
    void clear() { hide(); }
    QString text() const;

private:
    QLabel* m_text;
};

}  // namespace headroom::ui
