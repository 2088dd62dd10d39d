// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>

#include <optional>

#include "base/telemetry/reading.h"
#include "ui/bridge/step_memory.h"
#include "ui/bridge/trace.h"
#include "ui/panels/context.h"
#include "ui/widgets/card.h"
#include "ui/widgets/memory_bar.h"

class QStackedWidget;

namespace headroom::ui {

/// Memory at the peak of a step of the next run, planned before anything starts, with one sentence of verdict.
class MemoryCard : public Card {
    Q_OBJECT
public:
    explicit MemoryCard(const Context& context, QWidget* parent = nullptr);

    void setCurve(const CurvePtr& curve);
    const StepMemory& memory() const { return m_memory; }

Q_SIGNALS:
    void planned();

private:
    void setReading(const telemetry::Reading& reading);
    void replan();
    void show();
    std::optional<Bytes> budget() const;

    Context m_context;
    MemoryBar* m_bar;
    QLabel *m_where, *m_verdict, *m_empty;
    QTimer m_later;
    StepMemory m_memory;
    std::optional<Bytes> m_available, m_gpuFree, m_measured;
    QString m_measuredRun;
};

}  // namespace headroom::ui
