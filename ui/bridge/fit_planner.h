// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>

#include <memory>
#include <mutex>
#include <optional>

#include "base/plan/fit.h"

namespace headroom::ui {

/// What makes a configuration fit, and what fits at all.
struct FitAnswer {
    plan::FitQuestion question;
    std::vector<plan::Fit> ways;
    QString refusal;  ///< the sentence where there is no way
    plan::FitMatrix matrix;
};
using FitAnswerPtr = std::shared_ptr<const FitAnswer>;

/// Asks the plan for many configurations at once, in the thread that the object lives in. A newer question takes the
/// place of the one that waits.
class FitPlanner : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    /// From any thread; returns at once.
    void ask(const plan::FitQuestion& question);

Q_SIGNALS:
    void answered(const headroom::ui::FitAnswerPtr& answer);

private:
    void work();

    std::mutex m_mutex;
    std::optional<plan::FitQuestion> m_waiting;
};

/// The answer, made on the spot.
FitAnswer fitAnswer(const plan::FitQuestion& question);

}  // namespace headroom::ui
