// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QListWidget>
#include <QPlainTextEdit>

#include "base/telemetry/reading.h"
#include "ui/bridge/problem.h"
#include "ui/widgets/card.h"

class QHBoxLayout;

namespace headroom::ui {

class Bridge;
class HistoryChart;

/// Figures of the machine over the last minutes: of the graphics processor where one can be read, else of processor and
/// memory; what is ours lies darker below what everybody uses.
class HardwareRow : public QWidget {
    Q_OBJECT
public:
    explicit HardwareRow(Bridge& bridge, QWidget* parent = nullptr);

private:
    void take(const telemetry::Reading& reading);
    void takeGpu(const telemetry::Reading& reading);
    void takeProcessor(const telemetry::Reading& reading);
    HistoryChart* add(HistoryChart* chart);

    QHBoxLayout* m_row;
    HistoryChart *m_cpu, *m_memory, *m_power;
    HistoryChart *m_gpuMemory = nullptr, *m_gpu = nullptr, *m_gpuPower = nullptr;
    double m_lastJoules = -1, m_lastTime = 0;
};

/// The log of the selected run, followed as it grows.
class LogCard : public Card {
    Q_OBJECT
public:
    LogCard(Bridge& bridge, QWidget* parent = nullptr);

private:
    QPlainTextEdit* m_text;
};

/// What went wrong, newest first: what, why and what to do, with its code, ready to be copied.
class ProblemsCard : public Card {
    Q_OBJECT
public:
    explicit ProblemsCard(QWidget* parent = nullptr);
    void add(const Problem& problem);
    int count() const { return m_list->count(); }

Q_SIGNALS:
    void changed(int count);

private:
    QListWidget* m_list;
    PlaceholderCard* m_empty;
    QPushButton* m_clear;
};

}  // namespace headroom::ui
