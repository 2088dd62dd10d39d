// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/bars.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStyle>
#include <QThread>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/bridge/format.h"
#include "ui/shell/actions.h"
#include "ui/shell/studio.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kActivityWidth = 76, kActivityHeight = 58;

QPushButton* actionButton(QAction* action, const QString& text) {
    auto* button = new QPushButton(text);
    button->setToolTip(action->toolTip());
    button->setAccessibleName(action->text());
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    QObject::connect(action, &QAction::changed, button, [button, action] { button->setEnabled(action->isEnabled()); });
    return button;
}

QString keyed(QAction* action) { return action->text() + QStringLiteral("  ") + action->shortcut().toString(); }

}  // namespace

ActivityBar::ActivityBar(QWidget* parent) : QWidget(parent), m_group(new QButtonGroup(this)) {
    setObjectName(QStringLiteral("activityBar"));
    setAttribute(Qt::WA_StyledBackground);
    setFixedWidth(kActivityWidth);
    setAccessibleName(tr("Pages"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 8, 1, 8);
    layout->setSpacing(2);
    layout->addStretch();
}

void ActivityBar::add(const QString& name, const QString& text, const QString& icon) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setObjectName(name);
    button->setProperty("activity", true);
    button->setProperty("icon_name", icon);
    button->setCheckable(true);
    button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    button->setFixedSize(kActivityWidth - 1, kActivityHeight);
    button->setIconSize(QSize(20, 20));
    button->setFocusPolicy(Qt::TabFocus);
    button->setFont(theme::textFont(0.88));
    auto* layout = static_cast<QVBoxLayout*>(this->layout());
    layout->insertWidget(layout->count() - 1, button);
    m_group->addButton(button);
    connect(button, &QToolButton::clicked, this, [this, name] { Q_EMIT chosen(name); });
    tint();
}

void ActivityBar::setCurrent(const QString& name) {
    for (QAbstractButton* button : m_group->buttons()) button->setChecked(button->objectName() == name);
}

void ActivityBar::tint() {
    for (QAbstractButton* button : m_group->buttons()) button->setIcon(theme::icon(button->property("icon_name").toString(), theme::tokens().muted));
}

void ActivityBar::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) tint();
}

TopBar::TopBar(Actions& actions, Studio& studio, QMenu* menu, QWidget* parent)
    : QWidget(parent), m_actions(actions), m_studio(studio), m_menu(new QToolButton), m_project(new QLabel), m_run(toned({}, "muted")),
      m_search(new QPushButton(tr("Search runs, settings, commands"))), m_pause(actionButton(actions["pause"], keyed(actions["pause"]))), m_stop(actionButton(actions["stop"], tr("Stop"))),
      m_start(actionButton(actions["start"], keyed(actions["start"]))), m_device(new QComboBox) {
    m_menu->setMenu(menu);
    m_menu->setPopupMode(QToolButton::InstantPopup);
    m_menu->setAccessibleName(tr("Menu"));
    m_menu->setToolTip(tr("Menu"));
    m_project->setFont(theme::textFont(1.12, QFont::DemiBold));
    m_search->setText(tr("Search runs, settings, commands   %1").arg(actions["palette"]->shortcut().toString()));
    m_search->setObjectName(QStringLiteral("search"));
    m_search->setMinimumWidth(120);
    m_search->setMaximumWidth(340);
    m_search->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_search->setAccessibleName(tr("Search everything"));
    m_device->setAccessibleName(tr("Device"));
    m_device->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_device->setMinimumContentsLength(22);
    m_start->setProperty("primary", true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(10, 9, 10, 1);
    row->setSpacing(8);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_menu, m_project, m_run}) row->addWidget(widget);
    row->addStretch();
    for (QWidget* widget : std::initializer_list<QWidget*>{m_search, m_device, m_pause, m_stop, m_start}) row->addWidget(widget);
    connect(m_search, &QPushButton::clicked, actions["palette"], &QAction::trigger);
    connect(m_device, &QComboBox::activated, this, [this] { m_studio.draft().set(QStringLiteral("device"), m_device->currentData().toString()); });
    connect(&studio.selection(), &Selection::currentChanged, this, &TopBar::followRun);
    connect(&studio.selection(), &Selection::runChanged, this, &TopBar::followRun);
    connect(&studio, &Studio::listed, this, &TopBar::followRun);
    connect(&studio, &Studio::projectChanged, this, &TopBar::followRun);
    connect(&studio, &Studio::hardwareRead, this, &TopBar::followDevice);
    connect(&studio.draft(), &ConfigDraft::changed, this, &TopBar::followDevice);
    tint();
    followRun();
    followDevice();
}

void TopBar::setStartProminent(bool prominent) {
    if (m_start->property("primary").toBool() == prominent) return;
    m_start->setProperty("primary", prominent);
    m_start->style()->unpolish(m_start);
    m_start->style()->polish(m_start);
    tint();
}

void TopBar::followRun() {
    m_project->setText(m_studio.projectName());
    const store::RunSummary* run = m_studio.selection().run();
    m_run->setText(run ? QStringLiteral("›  ") + QString::fromStdString(run->name) : QString());
    const bool live = run && store::isLive(run->state), queued = run && run->state == store::RunState::Queued;
    const bool resumable = run && !live && !queued && run->state != store::RunState::Finished;
    m_actions["pause"]->setText(resumable ? tr("Resume") : tr("Pause"));
    m_actions["pause"]->setEnabled(live || resumable);
    m_actions["stop"]->setEnabled(live || queued);
    m_actions["trash"]->setEnabled(run && !live);
    for (const char* name : {"rename", "duplicate", "pin", "export"}) m_actions[QLatin1String(name)]->setEnabled(run);
    m_pause->setText(keyed(m_actions["pause"]));
}

void TopBar::followDevice() {
    const telemetry::Reading& reading = m_studio.reading();
    QVector<std::pair<QString, QString>> items{{tr("Automatic"), QStringLiteral("auto")}, {tr("CPU · %1").arg(format::count(QThread::idealThreadCount(), tr("thread"), tr("threads"))), QStringLiteral("cpu")}};
    for (const telemetry::GpuReading& gpu : reading.gpus) {
        QStringList facts{QString::fromStdString(gpu.name)};
        if (gpu.memoryTotal) facts << format::bytes(*gpu.memoryTotal.value);
        if (gpu.temperature) facts << tr("%1 °C").arg(*gpu.temperature.value, 0, 'f', 0);
        items << std::pair(facts.join(QStringLiteral(" · ")), QStringLiteral("cuda:%1").arg(gpu.index));
    }
    items[0].first = items.size() > 2 ? tr("Automatic: %1").arg(items[2].first) : tr("Automatic: %1").arg(items[1].first);
    const QString wanted = m_studio.draft().text(QStringLiteral("device"));
    for (int i = 0; i < items.size(); ++i) {
        if (i >= m_device->count()) m_device->addItem(QString());
        if (m_device->itemText(i) != items[i].first) m_device->setItemText(i, items[i].first);
        m_device->setItemData(i, items[i].second);
    }
    while (m_device->count() > items.size()) m_device->removeItem(m_device->count() - 1);
    m_device->setCurrentIndex(std::max(0, m_device->findData(wanted)));
}

void TopBar::tint() {
    m_menu->setIcon(theme::icon(QStringLiteral("menu"), theme::tokens().muted));
    m_start->setIcon(theme::icon(QStringLiteral("start"), m_start->property("primary").toBool() ? theme::tokens().onAccent : theme::tokens().text));
    m_search->setIcon(theme::icon(QStringLiteral("search"), theme::tokens().muted));
}

void TopBar::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_menu) tint();
}

StatusLine::StatusLine(Studio& studio, QWidget* parent)
    : QStatusBar(parent), m_studio(studio), m_state(new QLabel), m_machine(new QLabel), m_queue(new QLabel), m_problems(new QPushButton) {
    setSizeGripEnabled(false);
    for (QLabel* label : {m_state, m_machine, m_queue}) label->setFont(theme::textFont(0.9));
    m_problems->setProperty("link", true);
    m_problems->hide();
    addWidget(m_state, 1);
    addPermanentWidget(m_problems);
    addPermanentWidget(m_machine);
    addPermanentWidget(m_queue);
    connect(m_problems, &QPushButton::clicked, this, &StatusLine::problemsWanted);
    connect(&studio, &Studio::listed, this, &StatusLine::follow);
    connect(&studio, &Studio::hardwareRead, this, &StatusLine::follow);
    connect(&studio.selection(), &Selection::currentChanged, this, &StatusLine::follow);
    connect(&studio, &Studio::said, this, [this](const QString& sentence) { showMessage(sentence, 6000); });
    follow();
}

void StatusLine::setProblems(int count) {
    m_problems->setText(format::count(count, tr("problem"), tr("problems")));
    m_problems->setVisible(count > 0);
}

void StatusLine::follow() {
    QStringList parts;
    for (const store::RunSummary& run : m_studio.runs().all()) {
        if (!store::isLive(run.state)) continue;
        parts << QStringLiteral("%1 %2").arg(QString::fromStdString(run.name), stateText(run.state));
        if (run.progress.totalSteps > 0) parts << format::percent(static_cast<double>(run.progress.step) / static_cast<double>(run.progress.totalSteps));
        if (run.progress.etaSeconds) parts << format::eta(*run.progress.etaSeconds);
        if (run.samplesPerSecond) parts << format::rate(*run.samplesPerSecond);
        break;
    }
    m_state->setText(parts.isEmpty() ? tr("Nothing is running") : parts.join(QStringLiteral("  ·  ")));
    const telemetry::Reading& reading = m_studio.reading();
    QStringList machine;
    if (reading.cpu) machine << tr("CPU %1").arg(format::percent(*reading.cpu.value));
    if (reading.memoryAvailable) machine << tr("%1 free").arg(format::bytes(*reading.memoryAvailable.value));
    m_machine->setText(machine.join(QStringLiteral("  ·  ")));
    m_queue->setText(m_studio.queued() > 0 ? tr("%1 in the queue").arg(m_studio.queued()) : tr("queue empty"));
}

}  // namespace headroom::ui
