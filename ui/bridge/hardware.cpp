// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/hardware.h"

#include "base/telemetry/sampler.h"

namespace headroom::ui {
namespace {
constexpr int kPeriodMs = 1000;
}

Hardware::Hardware() = default;
Hardware::~Hardware() = default;

void Hardware::start() {
    m_sampler = std::make_unique<telemetry::Sampler>();
    const auto sample = [this] {
        Q_EMIT read(m_sampler->read(std::vector<pid_t>(m_ours.cbegin(), m_ours.cend())));
    };
    auto* timer = new QTimer(this);
    connect(timer, &QTimer::timeout, this, sample);
    timer->start(kPeriodMs);
    sample();
}

void Hardware::setOurs(const QVector<qint64>& pids) { m_ours = pids; }

}  // namespace headroom::ui
