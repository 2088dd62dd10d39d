// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <optional>

#include "ui/bridge/trace.h"
#include "ui/panels/context.h"
#include "ui/widgets/card.h"
#include "ui/widgets/memory_bar.h"

namespace headroom::ui {

/// Memory at the peak of a step of the next run, planned before anything starts, with one sentence of verdict.
class MemoryCard : public Card {
    Q_OBJECT
public:
    explicit MemoryCard(const Context& context, QWidget* parent = nullptr);

    /// Most that the selected run was measured to take.
    const std::optional<Bytes>& measured() const { return m_measured; }
    /// A curve of the runs that are drawn: the selected run's own becomes the mark of what was measured.
    void setCurve(const CurvePtr& curve);

private:
    void show();
    void showVerdict();

    Context m_context;
    MemoryBar* m_bar;
    QLabel *m_where, *m_verdict, *m_empty;
    std::optional<Bytes> m_measured;
};

}  // namespace headroom::ui
