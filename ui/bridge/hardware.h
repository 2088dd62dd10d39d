// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QTimer>
#include <QVector>

#include <memory>

#include "base/telemetry/reading.h"

namespace headroom::telemetry {
class Sampler;
}

namespace headroom::ui {

/// Reads the machine's figures once a second in a thread of its own. "Ours" are the workers of live runs.
class Hardware : public QObject {
    Q_OBJECT
public:
    Hardware();
    ~Hardware() override;

    /// Call in the thread that it lives in.
    void start();
    void setOurs(const QVector<qint64>& pids);

Q_SIGNALS:
    void read(const headroom::telemetry::Reading& reading);

private:
    std::unique_ptr<telemetry::Sampler> m_sampler;
    QVector<qint64> m_ours;
};

}  // namespace headroom::ui
