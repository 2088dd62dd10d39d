// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDockWidget>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/panels/data/data_panel.h"
#include "ui/panels/export/export_panel.h"
#include "ui/panels/memory/memory_panel.h"
#include "ui/panels/model/model_panel.h"
#include "ui/panels/predict/predict_panel.h"
#include "ui/panels/system/system_panel.h"
#include "ui/panels/train/setup_card.h"
#include "ui/panels/train/train_panel.h"
#include "ui/shell/bars.h"
#include "ui/shell/docks.h"
#include "ui/shell/menus.h"
#include "ui/shell/overlays.h"
#include "ui/shell/run_list.h"
#include "ui/shell/studio.h"
#include "ui/shell/welcome.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;
constexpr QSize kSmallest(1024, 700), kUsual(1560, 940);
constexpr int kSideShare = 5, kSideLeast = 208, kSideMost = 330, kBottomHeight = 172;  ///< a dock at the side takes a fifth of the window

}  // namespace

MainWindow::MainWindow(Studio& studio, const QString& session, QWidget* parent)
    : QMainWindow(parent), m_studio(studio), m_sessionPath(session), m_session(Session::load(session)), m_actions(this), m_stack(new QStackedWidget), m_activity(new ActivityBar),
      m_status(new StatusLine(studio)), m_welcome(new WelcomePage), m_paletteCard(new CommandPalette(this, m_actions, studio)), m_shortcuts(new ShortcutList(this)), m_close(new CloseCard(this)) {
    setWindowTitle(tr("Headroom"));
    setMinimumSize(kSmallest);
    resize(kUsual.boundedTo(screen()->availableSize()));
    setAcceptDrops(true);
    setDockOptions(QMainWindow::AnimatedDocks | QMainWindow::AllowTabbedDocks);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    setStatusBar(m_status);
    addPages();
    addDocks();
    connectActions();
    connectRuns();
    restoreSession();
    m_top->start()->setFocus();
}

MainWindow::~MainWindow() = default;

void MainWindow::addPages() {
    const Context context = m_studio.context();
    m_train = new TrainPanel(context);
    m_model = new ModelPanel(context);
    const std::tuple<const char*, QString, Panel*> pages[] = {{"data", tr("Data"), new DataPanel(context)},
                                                              {"model", tr("Model"), m_model},
                                                              {"train", tr("Train"), m_train},
                                                              {"memory", tr("Memory"), new MemoryPanel(context)},
                                                              {"export", tr("Export"), new ExportPanel(context)},
                                                              {"predict", tr("Predict"), new PredictPanel(context)},
                                                              {"system", tr("System"), new SystemPanel(context)}};
    for (const auto& [name, title, panel] : pages) {
        const QString key = QLatin1String(name);
        m_activity->add(key, title, key);
        m_stack->addWidget(panel);
        m_panels[key] = panel;
        connect(panel, &Panel::wanted, this, [this](const QString& action) { m_actions[action]->trigger(); });
    }
    for (Panel* panel : std::as_const(m_panels))
        connect(panel, &Panel::nodeWanted, this, [this](const QString& node) {
            openPage(QStringLiteral("model"));
            m_model->reveal(node);
        });
    m_stack->addWidget(m_welcome);
    connect(m_welcome, &WelcomePage::wanted, this, [this](const QString& action) { m_actions[action]->trigger(); });
    connect(m_activity, &ActivityBar::chosen, this, &MainWindow::openPage);
    auto* bars = new QWidget;
    bars->setObjectName(QStringLiteral("page"));
    auto* rows = new QVBoxLayout(bars);
    rows->setContentsMargins(0, 0, 0, 0);
    m_top = new TopBar(m_actions, m_studio, windowMenu(m_actions, this));
    rows->addWidget(m_top);
    setMenuWidget(bars);
    auto* left = new QToolBar;
    left->setObjectName(QStringLiteral("activity"));
    left->setMovable(false);
    left->setContextMenuPolicy(Qt::PreventContextMenu);
    left->toggleViewAction()->setEnabled(false);
    left->setStyleSheet(QStringLiteral("QToolBar { border: none; padding: 0; margin: 0; spacing: 0; }"));
    left->addWidget(m_activity);
    addToolBar(Qt::LeftToolBarArea, left);
    auto* centre = new QWidget;
    centre->setObjectName(QStringLiteral("page"));
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, kGap, 0, kGap);
    layout->addWidget(m_stack);
    setCentralWidget(centre);
}

QDockWidget* MainWindow::addDock(const QString& name, const QString& title, QWidget* contents, Qt::DockWidgetArea area) {
    auto* dock = new QDockWidget(title);
    dock->setObjectName(name);
    dock->setTitleBarWidget(new QWidget);  // the card inside has its own head
    dock->setFeatures(QDockWidget::DockWidgetClosable);
    auto* frame = new QWidget;
    frame->setObjectName(QStringLiteral("page"));
    auto* layout = new QVBoxLayout(frame);
    const bool left = area == Qt::LeftDockWidgetArea, right = area == Qt::RightDockWidgetArea;
    layout->setContentsMargins(left ? kGap + 2 : 0, left || right ? kGap : 0, right ? kGap + 2 : 0, kGap);
    layout->addWidget(contents);
    dock->setWidget(frame);
    addDockWidget(area, dock);
    m_docks[name] = dock;
    if (!m_actions.all().contains(name)) return dock;  // goes with its page
    QAction* action = m_actions[name];
    action->setCheckable(true);
    action->setChecked(true);
    connect(action, &QAction::triggered, dock, &QDockWidget::setVisible);
    connect(dock, &QDockWidget::visibilityChanged, action, [action, dock] { action->setChecked(!dock->isHidden()); });
    return dock;
}

void MainWindow::addDocks() {
    m_runList = new RunListCard(m_studio.runs(), m_studio.selection());
    m_problems = new ProblemsCard;
    addDock(QStringLiteral("setup"), tr("New run"), &m_train->setup(), Qt::RightDockWidgetArea);
    addDock(QStringLiteral("runs"), tr("Runs"), m_runList, Qt::LeftDockWidgetArea);
    addDock(QStringLiteral("hardware"), tr("Hardware"), new HardwareRow(m_studio.bridge()), Qt::BottomDockWidgetArea);
    addDock(QStringLiteral("log"), tr("Log"), new LogCard(m_studio.bridge()), Qt::BottomDockWidgetArea);
    addDock(QStringLiteral("problems"), tr("Problems"), m_problems, Qt::BottomDockWidgetArea);
    for (const char* name : {"rename", "duplicate", "pin", "trash", "export"}) m_runList->list()->addAction(m_actions[QLatin1String(name)]);
    m_actions["trash"]->setShortcutContext(Qt::WidgetShortcut);
    connect(m_runList, &RunListCard::wanted, this, [this](const QString& action) { m_actions[action]->trigger(); });
    connect(m_problems, &ProblemsCard::changed, m_status, &StatusLine::setProblems);
    connect(m_status, &StatusLine::problemsWanted, this, [this] { showDock(QStringLiteral("problems"), true); });
    connect(&m_studio, &Studio::problem, m_problems, &ProblemsCard::add);
    connect(&m_studio, &Studio::problem, this, [this](const Problem& problem) { m_status->showMessage(problem.text, 10000); });
    defaultLayout();
}

void MainWindow::defaultLayout() {
    for (const char* name : {"runs", "hardware"}) m_docks[QLatin1String(name)]->show();
    for (const char* name : {"log", "problems"}) m_docks[QLatin1String(name)]->hide();
    m_session.runsWidth = m_session.setupWidth = 0;
    giveWidths();
    resizeDocks({m_docks[QStringLiteral("hardware")]}, {kBottomHeight}, Qt::Vertical);
}

/// What was dragged stays; else a share of the window: a page that needed room, or a window that was small for a while, takes nothing
/// for good.
void MainWindow::giveWidths() {
    const int usual = std::clamp(width() / kSideShare, kSideLeast, kSideMost);
    const auto wanted = [usual](int dragged) { return dragged > 0 ? dragged : usual; };
    resizeDocks({m_docks[QStringLiteral("runs")], m_docks[QStringLiteral("setup")]}, {wanted(m_session.runsWidth), wanted(m_session.setupWidth)}, Qt::Horizontal);
}

/// The lines between the docks are the window's own: what is dragged is a press and a release that reach it.
bool MainWindow::event(QEvent* event) {
    const auto widths = [this] { return std::pair(m_docks[QStringLiteral("runs")]->width(), m_docks[QStringLiteral("setup")]->width()); };
    if (event->type() == QEvent::MouseButtonPress) m_grasped = widths();
    const bool done = QMainWindow::event(event);
    if (event->type() != QEvent::MouseButtonRelease) return done;
    const auto [runs, setup] = widths();
    if (runs != m_grasped.first) m_session.runsWidth = runs;
    if (setup != m_grasped.second) m_session.setupWidth = setup;
    return done;
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    giveWidths();
}

void MainWindow::showDock(const QString& name, bool visible) {
    m_docks[name]->setVisible(visible);
    if (visible) m_docks[name]->raise();
}

void MainWindow::openPage(const QString& name) {
    m_page = m_panels.contains(name) ? name : QStringLiteral("train");
    m_activity->setCurrent(m_page);
    updateWelcome();
}

/// Without the settings at its right the page ends at the window's edge, with the usual gap.
void MainWindow::leaveRoomAtTheRight(int room) {
    QWidget* pages[] = {centralWidget(), m_docks[QStringLiteral("hardware")]->widget(), m_docks[QStringLiteral("log")]->widget(), m_docks[QStringLiteral("problems")]->widget()};
    for (QWidget* page : pages) {
        QMargins margins = page->layout()->contentsMargins();
        margins.setRight(room);
        page->layout()->setContentsMargins(margins);
    }
}

/// A project without runs and without data begins with what can be done first.
void MainWindow::updateWelcome() {
    const bool bare = m_page == QLatin1String("train") && m_studio.runs().rowCount() == 0 && m_studio.draft().config().data.path.empty();
    const bool setup = (m_page == QLatin1String("train") && !bare) || m_page == QLatin1String("memory");
    QDockWidget* settings = m_docks[QStringLiteral("setup")];
    const bool comesOrGoes = settings->isHidden() == setup;
    settings->setVisible(setup);
    const bool isStartNext = !bare && (setup || m_page == QLatin1String("system"));
    m_top->setStartProminent(isStartNext);
    leaveRoomAtTheRight(setup ? 0 : kGap + 2);
    if (comesOrGoes) giveWidths();
    m_stack->setCurrentWidget(bare ? static_cast<QWidget*>(m_welcome) : m_panels[m_page]);
}

void MainWindow::connectRuns() {
    connect(&m_studio, &Studio::listed, this, &MainWindow::updateWelcome);
    connect(&m_studio.draft(), &ConfigDraft::changed, this, &MainWindow::updateWelcome);
    connect(&m_studio.runs(), &RunsModel::stateChanged, this, [this](const QString& run, store::RunState, store::RunState now) { runStateChanged(run, now); });
    connect(&m_studio.undo(), &QUndoStack::canUndoChanged, m_actions["undo"], &QAction::setEnabled);
    connect(&m_studio.undo(), &QUndoStack::canRedoChanged, m_actions["redo"], &QAction::setEnabled);
    m_actions["undo"]->setEnabled(false);
    m_actions["redo"]->setEnabled(false);
}

/// A run that ends badly is a problem to be read; any end calls for attention where the window is not in front.
void MainWindow::runStateChanged(const QString& id, store::RunState now) {
    const store::RunSummary* run = m_studio.runs().find(id);
    if (!run || store::isLive(now) || now == store::RunState::Queued) return;
    const QString name = QString::fromStdString(run->name);
    if (now == store::RunState::Lost)
        m_problems->add({Severity::Error, QStringLiteral("WRK-01"), id, tr("%1: the training process stopped unexpectedly at step %2. Nothing committed is lost; F6 resumes it.").arg(name).arg(run->progress.step)});
    else if (run->end && !run->end->code.empty())
        m_problems->add({Severity::Error, QString::fromStdString(run->end->code), id, QStringLiteral("%1: %2").arg(name, QString::fromStdString(run->end->reason))});
    m_status->showMessage(tr("%1 is %2.").arg(name, stateText(now)), 8000);
    if (!isActiveWindow()) QApplication::alert(this);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    const QStringList live = m_studio.live();
    if (!m_closing && !live.isEmpty()) {
        event->ignore();
        return m_close->ask(live);
    }
    saveSession();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls() && event->mimeData()->urls().first().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QString path = event->mimeData()->urls().first().toLocalFile();
    const bool isModel = ModelPanel::takes(path);
    if (!isModel && path.endsWith(QLatin1String(".json"))) return m_studio.openConfig(path);
    openPage(isModel ? QStringLiteral("model") : QStringLiteral("data"));
    m_panels[m_page]->accept(path);
}

}  // namespace headroom::ui
