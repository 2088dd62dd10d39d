// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFrame>
#include <QPointer>
#include <QVector>

#include <functional>

class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;

namespace headroom::ui {

class Actions;
class Studio;

/// A card over the window: no dialog, no nested event loop. Escape closes it and the focus goes back.
class Overlay : public QFrame {
    Q_OBJECT
public:
    explicit Overlay(QWidget* window);
    void open();
    void dismiss();

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    virtual QPoint place() const;

private:
    QWidget* m_shadow;  ///< of the window too, below the card
    QPointer<QWidget> m_before;
};

/// Ctrl+K: commands, runs and settings in one list.
class CommandPalette : public Overlay {
    Q_OBJECT
public:
    CommandPalette(QWidget* window, Actions& actions, Studio& studio);
    void ask();
    QListWidget* list() const { return m_list; }
    QLineEdit* line() const { return m_line; }

Q_SIGNALS:
    void fieldWanted(const QString& path);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Entry {
        QString text, detail;
        std::function<void()> run;
    };
    void gather();
    void narrow(const QString& text);
    void take();

    Actions& m_actions;
    Studio& m_studio;
    QLineEdit* m_line;
    QListWidget* m_list;
    QVector<Entry> m_entries;
};

/// Ctrl+/: every shortcut, from the table of actions.
class ShortcutList : public Overlay {
    Q_OBJECT
public:
    explicit ShortcutList(QWidget* window);
};

/// Shown in place of closing while a run is live.
class CloseCard : public Overlay {
    Q_OBJECT
public:
    explicit CloseCard(QWidget* window);
    void ask(const QStringList& runs);

Q_SIGNALS:
    void keepRunning();
    void stopAndClose();

private:
    QLabel* m_text;
    QPushButton* m_keep;
};

}  // namespace headroom::ui
