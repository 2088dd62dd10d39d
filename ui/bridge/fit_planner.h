// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QString>

#include <filesystem>
#include <map>
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
    /// `home`: where what runs showed of their devices is kept.
    explicit FitPlanner(std::filesystem::path home) : m_home(std::move(home)) {}
    /// From any thread; returns at once. Times are those of `device` of this machine, "cpu" or "cuda:N".
    void ask(const plan::FitQuestion& question, const QString& device);

Q_SIGNALS:
    void answered(const headroom::ui::FitAnswerPtr& answer);

private:
    struct Asked {
        plan::FitQuestion question;
        QString device;
    };
    void work();
    const plan::DeviceModel& modelOf(const QString& device);

    const std::filesystem::path m_home;
    std::map<QString, plan::DeviceModel> m_models;  ///< of the object's thread
    std::mutex m_mutex;
    std::optional<Asked> m_waiting;
};

/// The answer, made on the spot.
FitAnswer fitAnswer(const plan::FitQuestion& question);

}  // namespace headroom::ui
