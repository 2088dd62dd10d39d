// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStatusBar>
#include <QWidget>

class QButtonGroup;
class QComboBox;
class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace headroom::ui {

class Actions;
class Studio;

/// The pages, at the left edge: icon and word.
class ActivityBar : public QWidget {
    Q_OBJECT
public:
    explicit ActivityBar(QWidget* parent = nullptr);
    void add(const QString& name, const QString& text, const QString& icon);
    void setCurrent(const QString& name);

Q_SIGNALS:
    void chosen(const QString& name);

protected:
    void changeEvent(QEvent* event) override;

private:
    void tint();
    QButtonGroup* m_group;
};

/// Where one is (project, run), the search, the device, and what can be done now.
class TopBar : public QWidget {
    Q_OBJECT
public:
    TopBar(Actions& actions, Studio& studio, QMenu* menu, QWidget* parent = nullptr);
    QPushButton* start() const { return m_start; }
    /// A page with a main button of its own makes Start an ordinary one.
    void setStartProminent(bool prominent);

protected:
    void changeEvent(QEvent* event) override;

private:
    void followRun();
    void followDevice();
    void tint();

    Actions& m_actions;
    Studio& m_studio;
    QToolButton* m_menu;
    QLabel *m_project, *m_run;
    QPushButton *m_search, *m_pause, *m_stop, *m_start;
    QComboBox* m_device;
};

/// One line: what runs and how far it is, how many wait, what was just done.
class StatusLine : public QStatusBar {
    Q_OBJECT
public:
    explicit StatusLine(Studio& studio, QWidget* parent = nullptr);
    void setProblems(int count);

Q_SIGNALS:
    void problemsWanted();

private:
    void follow();

    Studio& m_studio;
    QLabel *m_state, *m_machine, *m_queue;
    QPushButton* m_problems;
};

}  // namespace headroom::ui
