// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStackedWidget>

namespace headroom::ui {

class PlaceholderCard;

/// A page that shows its contents, or says in their place what is missing, why, and offers one thing to do.
class FillablePage : public QStackedWidget {
    Q_OBJECT
public:
    /// Fills its parent.
    FillablePage(QWidget* contents, QWidget* parent);

    void fill() { setCurrentIndex(1); }
    bool isFilled() const { return currentIndex() == 1; }
    /// `wanted`: what is asked for by the one thing to do, whose words are `action`; both empty where there is none.
    void say(const QString& fact, const QString& why, const QString& action = {}, const QString& wanted = {});
    PlaceholderCard& placeholder() { return *m_placeholder; }

Q_SIGNALS:
    void wanted(const QString& action);

private:
    PlaceholderCard* m_placeholder;
    QString m_wanted;
};

}  // namespace headroom::ui
