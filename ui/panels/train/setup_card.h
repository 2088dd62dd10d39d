// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <memory>

#include "ui/panels/context.h"
#include "ui/widgets/card.h"

class QToolButton;

namespace headroom::ui {

class ConfigForm;
class SchedulePreview;
struct StepMemory;

/// The next run: its settings as a form, what they come to, and one line of verdict.
class SetupCard : public Card {
    Q_OBJECT
public:
    explicit SetupCard(const Context& context, QWidget* parent = nullptr);

    ConfigForm& form() { return *m_form; }
    /// What the plan found for the settings as they stand.
    void setPlan(const StepMemory& memory);
    bool advanced() const;
    void setAdvanced(bool advanced);

Q_SIGNALS:
    void wanted(const QString& action);

private:
    QWidget* levelSwitch();
    QWidget* expectation();
    void follow();
    void showVerdict();
    void showExpectation();
    /// Samples a second of the newest run of the same architecture on the same data; 0 = none yet.
    double knownRate() const;

    Context m_context;
    ConfigForm* m_form;
    QToolButton *m_simple, *m_all;
    QLabel *m_equation, *m_memory, *m_time, *m_steps, *m_basis, *m_verdict;
    SchedulePreview* m_schedule;
    std::unique_ptr<StepMemory> m_plan;

public:
    ~SetupCard() override;
};

}  // namespace headroom::ui
