// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/plan/owners.h"
#include "ui/bridge/step_memory.h"
#include "ui/widgets/stack_chart.h"

namespace headroom::ui {

/// What is alive at each node of a planned step, from the forward pass to the update, with the peak and its moment.
class StepCard : public StackChart {
    Q_OBJECT
public:
    explicit StepCard(QWidget* parent = nullptr);
    void show(const StepMemory& memory, std::optional<Bytes> budget);
    /// Marks the time during which an owner is there; nothing = none.
    void mark(const std::optional<plan::Owner>& owner);

private:
    std::shared_ptr<const PlannedStep> m_planned;
};

/// The moments of a step in order, one x each; what stands after the last one holds a little longer.
StackData stackOf(const PlannedStep& planned);

}  // namespace headroom::ui
