// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QMainWindow>
#include <QMap>

#include "base/store/run_summary.h"
#include "ui/shell/actions.h"
#include "ui/shell/session.h"

class QDockWidget;
class QStackedWidget;

namespace headroom::ui {

class ActivityBar;
class CloseCard;
class CommandPalette;
class ModelPanel;
class Panel;
class ProblemsCard;
class RunListCard;
class ShortcutList;
class StatusLine;
class TopBar;
class Studio;
class TrainPanel;
class WelcomePage;

/// Puts bars, docks and pages together and connects the actions; holds no state of its own but the session.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    /// `session`: path of the session's file.
    MainWindow(Studio& studio, const QString& session, QWidget* parent = nullptr);
    ~MainWindow() override;

    void openPage(const QString& name);
    QString page() const { return m_page; }
    Actions& actions() { return m_actions; }
    Panel* panel(const QString& name) const { return m_panels.value(name); }
    CommandPalette* palette() const { return m_paletteCard; }
    void setScheme(SchemeChoice scheme);
    void showDock(const QString& name, bool visible);
    void saveSession();

protected:
    bool event(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void addPages();
    QDockWidget* addDock(const QString& name, const QString& title, QWidget* contents, Qt::DockWidgetArea area);
    void addDocks();
    void connectActions();
    void connectRuns();
    void defaultLayout();
    void giveWidths();
    void restoreSession();
    void chooseData(bool folder);
    void chooseConfig(bool save);
    void updateWelcome();
    void leaveRoomAtTheRight(int room);
    void runStateChanged(const QString& run, store::RunState now);

    Studio& m_studio;
    QString m_sessionPath;
    Session m_session;
    Actions m_actions;
    QStackedWidget* m_stack;
    ActivityBar* m_activity;
    TopBar* m_top = nullptr;
    StatusLine* m_status;
    WelcomePage* m_welcome;
    TrainPanel* m_train = nullptr;
    ModelPanel* m_model = nullptr;
    RunListCard* m_runList = nullptr;
    ProblemsCard* m_problems = nullptr;
    CommandPalette* m_paletteCard;
    ShortcutList* m_shortcuts;
    CloseCard* m_close;
    QMap<QString, Panel*> m_panels;
    QMap<QString, QDockWidget*> m_docks;
    QString m_page = QStringLiteral("train");
    std::pair<int, int> m_grasped;  ///< widths of the docks at the sides when the mouse was pressed
    bool m_closing = false;
};

}  // namespace headroom::ui
