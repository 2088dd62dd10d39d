// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QVector>
#include <QWidget>

#include "base/config/run_config.h"

namespace headroom::ui {

/// Learning rate over the share of all steps (0 to 1) as the configuration will make it.
double plannedRate(const config::RunConfig& config, double progress);

/// The schedule as a small curve below its settings.
class SchedulePreview : public QWidget {
    Q_OBJECT
public:
    explicit SchedulePreview(QWidget* parent = nullptr);
    void set(const config::RunConfig& config);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QVector<double> m_rates;
};

}  // namespace headroom::ui
