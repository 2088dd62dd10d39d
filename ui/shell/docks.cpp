// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/docks.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QScrollBar>

#include "ui/bridge/bridge.h"
#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/history_chart.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8, kLogLines = 5000, kProblems = 200;

std::optional<double> number(const telemetry::Figure<Bytes>& figure) { return figure ? std::optional<double>(static_cast<double>(*figure.value)) : std::nullopt; }
std::optional<double> percents(const telemetry::Figure<double>& figure) { return figure ? std::optional<double>(*figure.value * 100) : std::nullopt; }

}  // namespace

HardwareRow::HardwareRow(Bridge& bridge, QWidget* parent) : QWidget(parent), m_row(new QHBoxLayout(this)) {
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(kGap);
    m_cpu = add(new HistoryChart(tr("Processor"), 2, HistoryChart::Figures::Share));
    m_memory = add(new HistoryChart(tr("Memory"), 0, HistoryChart::Figures::Bytes));
    m_power = add(new HistoryChart(tr("Processor power"), 1, HistoryChart::Figures::Plain));
    connect(&bridge.hardware(), &Hardware::read, this, &HardwareRow::take);
}

HistoryChart* HardwareRow::add(HistoryChart* chart) {
    m_row->addWidget(chart, 1);
    return chart;
}

void HardwareRow::take(const telemetry::Reading& reading) {
    takeProcessor(reading);
    if (!reading.gpus.empty()) takeGpu(reading);
}

void HardwareRow::takeProcessor(const telemetry::Reading& reading) {
    const double now = reading.steadyTime;
    if (reading.cpu)
        m_cpu->add({now, percents(reading.cpu), percents(reading.cpuOurs)},
                   reading.cpuOurs ? tr("%1 · ours %2").arg(format::percent(*reading.cpu.value), format::percent(*reading.cpuOurs.value)) : format::percent(*reading.cpu.value));
    if (reading.memoryTotal && reading.memoryAvailable) {
        const Bytes used = *reading.memoryTotal.value - *reading.memoryAvailable.value;
        m_memory->setLimit(static_cast<double>(*reading.memoryTotal.value));
        const QString ours = reading.processResident ? tr(" · ours %1").arg(format::bytes(*reading.processResident.value)) : QString();
        m_memory->add({now, static_cast<double>(used), number(reading.processResident)}, format::bytesOf(used, *reading.memoryTotal.value) + ours);
    }
    if (!reading.cpuJoules) return m_power->setUnreadable(QString::fromStdString(reading.cpuJoules.reason));
    const double joules = *reading.cpuJoules.value;
    if (m_lastJoules >= 0 && now > m_lastTime) {
        const double watts = (joules - m_lastJoules) / (now - m_lastTime);
        m_power->add({now, watts, std::nullopt}, tr("%1 W").arg(watts, 0, 'f', 0));
    }
    m_lastJoules = joules;
    m_lastTime = now;
}

void HardwareRow::takeGpu(const telemetry::Reading& reading) {
    const telemetry::GpuReading& gpu = reading.gpus.front();
    if (!m_gpu) {
        m_gpuMemory = add(new HistoryChart(tr("GPU memory"), 0, HistoryChart::Figures::Bytes));
        m_gpu = add(new HistoryChart(tr("GPU utilisation"), 2, HistoryChart::Figures::Share));
        m_gpuPower = add(new HistoryChart(tr("GPU power"), 1, HistoryChart::Figures::Plain));
        m_power->hide();
    }
    const double now = reading.steadyTime;
    if (gpu.memoryUsed && gpu.memoryTotal) {
        m_gpuMemory->setLimit(static_cast<double>(*gpu.memoryTotal.value));
        m_gpuMemory->add({now, number(gpu.memoryUsed), number(gpu.memoryOurs)}, format::bytesOf(*gpu.memoryUsed.value, *gpu.memoryTotal.value));
    } else {
        m_gpuMemory->setUnreadable(QString::fromStdString(gpu.memoryUsed.reason));
    }
    if (gpu.utilisation)
        m_gpu->add({now, percents(gpu.utilisation), std::nullopt}, format::percent(*gpu.utilisation.value));
    else
        m_gpu->setUnreadable(QString::fromStdString(gpu.utilisation.reason));
    const QString heat = gpu.temperature ? tr(" · %1 °C").arg(*gpu.temperature.value, 0, 'f', 0) : QString();
    if (gpu.power)
        m_gpuPower->add({now, gpu.power.value, std::nullopt}, tr("%1 W").arg(*gpu.power.value, 0, 'f', 0) + heat);
    else
        m_gpuPower->setUnreadable(QString::fromStdString(gpu.power.reason));
}

LogCard::LogCard(Bridge& bridge, QWidget* parent) : Card({}, parent), m_text(new QPlainTextEdit) {
    head()->insertWidget(0, sectionHead(tr("Log")));
    m_text->setReadOnly(true);
    m_text->setFont(theme::figureFont(0.88));
    m_text->setMaximumBlockCount(kLogLines);
    m_text->setAccessibleName(tr("Log of the selected run"));
    m_text->setPlaceholderText(tr("The selected run has written nothing yet."));
    m_text->setTabChangesFocus(true);
    body()->addWidget(m_text);
    connect(&bridge.log(), &LogReader::begun, m_text, &QPlainTextEdit::clear);
    connect(&bridge.log(), &LogReader::added, this, [this](const QString&, const QString& text) {
        QScrollBar* bar = m_text->verticalScrollBar();
        const bool atEnd = bar->value() >= bar->maximum() - 4;
        QTextCursor cursor(m_text->document());
        cursor.movePosition(QTextCursor::End);
        cursor.insertText(text);
        if (atEnd) bar->setValue(bar->maximum());
    });
}

ProblemsCard::ProblemsCard(QWidget* parent)
    : Card({}, parent), m_list(new QListWidget), m_empty(new PlaceholderCard(tr("No problems."), tr("What goes wrong is listed here, with what to do about it."))), m_clear(new QPushButton(tr("Clear"))) {
    head()->insertWidget(0, sectionHead(tr("Problems")));
    head()->addWidget(m_clear);
    m_clear->setProperty("link", true);
    m_clear->hide();
    m_list->setAccessibleName(tr("Problems"));
    m_list->setWordWrap(true);
    m_list->setSpacing(3);
    m_list->setContextMenuPolicy(Qt::ActionsContextMenu);
    auto* copy = new QAction(tr("Copy"), m_list);
    copy->setShortcut(QKeySequence::Copy);
    copy->setShortcutContext(Qt::WidgetShortcut);
    m_list->addAction(copy);
    m_list->hide();
    body()->addWidget(m_list, 1);
    body()->addWidget(m_empty, 1);
    connect(copy, &QAction::triggered, this, [this] { if (m_list->currentItem()) QApplication::clipboard()->setText(m_list->currentItem()->text()); });
    connect(m_clear, &QPushButton::clicked, this, [this] {
        m_list->clear();
        m_list->hide();
        m_clear->hide();
        m_empty->show();
        Q_EMIT changed(0);
    });
}

void ProblemsCard::add(const Problem& problem) {
    const QString sign = problem.severity == Severity::Error ? QStringLiteral("✗") : QStringLiteral("⚠");
    const QString code = problem.code.isEmpty() ? QString() : QStringLiteral("  ") + problem.code;
    auto* item = new QListWidgetItem(QStringLiteral("%1  %2%3\n%4").arg(sign, problem.when.toString(QStringLiteral("HH:mm:ss")), code, problem.text));
    item->setForeground(problem.severity == Severity::Error ? theme::tokens().bad : theme::tokens().warning);
    m_list->insertItem(0, item);
    while (m_list->count() > kProblems) delete m_list->takeItem(m_list->count() - 1);
    m_list->show();
    m_clear->show();
    m_empty->hide();
    Q_EMIT changed(m_list->count());
}

}  // namespace headroom::ui
