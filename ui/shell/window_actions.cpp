// SPDX-License-Identifier: GPL-3.0-or-later
// The part of MainWindow that answers to actions and remembers how it looked.
#include <QApplication>
#include <QClipboard>
#include <QDockWidget>
#include <QFileDialog>
#include <QLineEdit>
#include <QTimer>

#include "ui/panels/train/setup_card.h"
#include "ui/panels/train/train_panel.h"
#include "ui/shell/main_window.h"
#include "ui/shell/overlays.h"
#include "ui/shell/run_list.h"
#include "ui/shell/studio.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/field_editor.h"

namespace headroom::ui {
namespace {
constexpr int kRecent = 8;
}

void MainWindow::connectActions() {
    for (const char* page : {"data", "model", "train", "memory", "export", "predict", "system"})
        m_actions.on(qPrintable(QStringLiteral("page_%1").arg(QLatin1String(page))), this, [this, page] { openPage(QLatin1String(page)); });
    m_actions.on("export", this, [this] { openPage(QStringLiteral("export")); });
    m_actions.on("new_run", this, [this] { openPage(QStringLiteral("train")); m_train->setup().form().setFocus(); });
    m_actions.on("open_data", this, [this] { chooseData(true); });
    m_actions.on("open_file", this, [this] { chooseData(false); });
    m_actions.on("open_config", this, [this] { chooseConfig(false); });
    m_actions.on("save_config", this, [this] { chooseConfig(true); });
    m_actions.on("sample", this, [this] { m_studio.openSample(); openPage(QStringLiteral("train")); });
    m_actions.on("quit", this, [this] { close(); });
    m_actions.on("undo", &m_studio.undo(), &QUndoStack::undo);
    m_actions.on("redo", &m_studio.undo(), &QUndoStack::redo);
    m_actions.on("start", this, [this] { openPage(QStringLiteral("train")); m_studio.startRun(); });
    m_actions.on("pause", &m_studio, &Studio::pauseOrResume);
    m_actions.on("stop", &m_studio, &Studio::stopRun);
    m_actions.on("duplicate", &m_studio, &Studio::duplicate);
    m_actions.on("trash", &m_studio, &Studio::trash);
    m_actions.on("pin", &m_studio, &Studio::togglePin);
    m_actions.on("rename", m_runList, &RunListCard::rename);
    m_actions.on("copy_command", this, [this] { QApplication::clipboard()->setText(m_studio.command()); Q_EMIT m_studio.said(tr("The command is on the clipboard.")); });
    m_actions.on("filter", this, [this] {
        if (m_panels[m_page]->find()) return;
        showDock(QStringLiteral("runs"), true); m_runList->filter()->setFocus();
    });
    m_actions.on("restore_layout", this, &MainWindow::defaultLayout);
    m_actions.on("theme_system", this, [this] { setScheme(SchemeChoice::System); });
    m_actions.on("theme_dark", this, [this] { setScheme(SchemeChoice::Dark); });
    m_actions.on("theme_light", this, [this] { setScheme(SchemeChoice::Light); });
    m_actions.on("palette", m_paletteCard, &CommandPalette::ask);
    m_actions.on("shortcuts", m_shortcuts, &Overlay::open);
    connect(m_paletteCard, &CommandPalette::fieldWanted, this, [this](const QString& path) {
        openPage(QStringLiteral("train"));
        m_train->setup().setAdvanced(true);
        if (FieldEditor* editor = m_train->setup().form().editor(path)) editor->setFocus();
    });
    connect(m_close, &CloseCard::keepRunning, this, [this] { m_closing = true; close(); });
    connect(m_close, &CloseCard::stopAndClose, this, [this] {
        for (const store::RunSummary& run : m_studio.runs().all())
            if (store::isLive(run.state)) m_studio.bridge().commands().stop(QString::fromStdString(run.id));
        m_closing = true;
        close();
    });
}

void MainWindow::setScheme(SchemeChoice scheme) {
    m_session.scheme = scheme;
    theme::apply(*qApp, scheme);
}

void MainWindow::chooseData(bool folder) {
    auto* dialog = new QFileDialog(this, folder ? tr("Folder to train on") : tr("File to train on"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(folder ? QFileDialog::Directory : QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_studio.draft().set(QStringLiteral("data.path"), path);
        openPage(QStringLiteral("data"));
    });
    dialog->open();
}

void MainWindow::chooseConfig(bool save) {
    auto* dialog = new QFileDialog(this, save ? tr("Save settings") : tr("Open configuration"), {}, tr("Configurations (*.json)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(save ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
    dialog->setDefaultSuffix(QStringLiteral("json"));
    connect(dialog, &QFileDialog::fileSelected, &m_studio, save ? &Studio::saveConfig : &Studio::openConfig);
    dialog->open();
}

void MainWindow::restoreSession() {
    if (!m_session.geometry.isEmpty()) restoreGeometry(m_session.geometry);
    if (!m_session.layout.isEmpty())
        restoreState(m_session.layout);
    else
        QTimer::singleShot(0, this, &MainWindow::defaultLayout);  // widths hold once the window has its size
    m_studio.charts().setAxis(static_cast<XAxis>(m_session.axis));
    m_studio.charts().setSmoothing(m_session.smoothing);
    m_train->setup().setAdvanced(m_session.advanced);
    if (m_session.project == QString::fromStdString(m_studio.bridge().project().string())) {
        m_studio.selection().setCurrent(m_session.run);
        m_studio.draft().apply(m_session.draft);
    }
    openPage(m_session.page);
}

void MainWindow::saveSession() {
    m_session.geometry = saveGeometry();
    m_session.layout = saveState();
    m_session.page = m_page;
    m_session.run = m_studio.selection().current();
    m_session.project = QString::fromStdString(m_studio.bridge().project().string());
    m_session.draft = m_studio.draft().changes();
    m_session.axis = static_cast<int>(m_studio.charts().axis());
    m_session.smoothing = m_studio.charts().smoothing();
    m_session.advanced = m_train->setup().advanced();
    m_session.recent.removeAll(m_session.project);
    m_session.recent.prepend(m_session.project);
    while (m_session.recent.size() > kRecent) m_session.recent.removeLast();
    m_session.save(m_sessionPath);
}

}  // namespace headroom::ui
