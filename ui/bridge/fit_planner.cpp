// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/fit_planner.h"

#include "base/errors/error.h"

namespace headroom::ui {

FitAnswer fitAnswer(const plan::FitQuestion& question) {
    FitAnswer answer;
    answer.question = question;
    try {
        answer.matrix = plan::whatFits(question);
        answer.ways = plan::waysToFit(question);
    } catch (const Error& error) {
        answer.refusal = QString::fromStdString(error.failures().front().sentence());
    }
    return answer;
}

void FitPlanner::ask(const plan::FitQuestion& question) {
    const std::lock_guard lock(m_mutex);
    const bool idle = !m_waiting;
    m_waiting = question;
    if (idle) QMetaObject::invokeMethod(this, &FitPlanner::work, Qt::QueuedConnection);
}

void FitPlanner::work() {
    std::optional<plan::FitQuestion> question;
    {
        const std::lock_guard lock(m_mutex);
        question.swap(m_waiting);
    }
    if (question) Q_EMIT answered(std::make_shared<const FitAnswer>(fitAnswer(*question)));
}

}  // namespace headroom::ui
