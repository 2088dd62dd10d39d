// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/fit_planner.h"

#include "base/errors/error.h"
#include "base/plan/this_device.h"
#include "base/store/home.h"

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

void FitPlanner::ask(const plan::FitQuestion& question, const QString& device) {
    const std::lock_guard lock(m_mutex);
    const bool idle = !m_waiting;
    m_waiting = Asked{question, device};
    if (idle) QMetaObject::invokeMethod(this, &FitPlanner::work, Qt::QueuedConnection);
}

const plan::DeviceModel& FitPlanner::modelOf(const QString& device) {
    const auto known = m_models.find(device);
    return known != m_models.end() ? known->second : m_models.emplace(device, plan::thisDevice(device.toStdString())).first->second;
}

void FitPlanner::work() {
    std::optional<Asked> asked;
    {
        const std::lock_guard lock(m_mutex);
        asked.swap(m_waiting);
    }
    if (!asked) return;
    asked->question.seconds = plan::stepSeconds(modelOf(asked->device), plan::Calibration::read(store::Home(m_home).calibration()));
    Q_EMIT answered(std::make_shared<const FitAnswer>(fitAnswer(asked->question)));
}

}  // namespace headroom::ui
