// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/memory_plan.h"

#include <algorithm>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/plan/batch_finder.h"
#include "base/plan/kept_features.h"
#include "base/plan/training_step.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/hardware.h"

namespace headroom::ui {
namespace {
constexpr int kFrameMs = 16;
}

MemoryPlan::MemoryPlan(ConfigDraft& draft, DataInfo& data, Hardware& hardware, QObject* parent) : QObject(parent), m_draft(draft), m_data(data) {
    m_later.setSingleShot(true);
    m_later.setTimerType(Qt::PreciseTimer);
    m_later.setInterval(kFrameMs);
    connect(&m_later, &QTimer::timeout, this, &MemoryPlan::replan);
    const auto soon = [this] { if (!m_later.isActive()) m_later.start(); };
    connect(&draft, &ConfigDraft::changed, this, soon);
    connect(&data, &DataInfo::changed, this, [this, soon] {
        m_configured.reset();  // another shape makes another graph
        soon();
    });
    connect(&hardware, &Hardware::read, this, &MemoryPlan::setReading);
}

void MemoryPlan::setReading(const telemetry::Reading& reading) {
    const bool first = !m_available;
    m_available = reading.memoryAvailable.value;
    if (!reading.gpus.empty() && reading.gpus.front().memoryTotal && reading.gpus.front().memoryUsed)
        m_gpuFree = *reading.gpus.front().memoryTotal.value - *reading.gpus.front().memoryUsed.value;
    if (first) replan();
}

bool MemoryPlan::isOnGpu() const {
    const config::RunConfig& config = m_draft.config();
    return plan::deviceKind(config) == graph::DeviceKind::Cuda || (config.device == "auto" && m_gpuFree);
}

QString MemoryPlan::device() const {
    if (!isOnGpu()) return QStringLiteral("cpu");
    const std::string& chosen = m_draft.config().device;
    return chosen == "auto" ? QStringLiteral("cuda:0") : QString::fromStdString(chosen);
}

std::optional<Bytes> MemoryPlan::budget() const {
    if (const auto set = config::memoryBudget(m_draft.config())) return set;
    if (isOnGpu()) return m_gpuFree ? std::optional(plan::automaticBudget(*m_gpuFree)) : std::nullopt;
    if (!m_available) return std::nullopt;
    return plan::automaticBudget(std::max<Bytes>(*m_available - m_data.summary().pictureBytes, 1));  // the pictures are there before the steps
}

std::optional<Bytes> MemoryPlan::room() const {
    const auto limit = budget();
    return limit ? std::optional(std::max<Bytes>(*limit - m_features, 1)) : std::nullopt;
}

std::optional<plan::FitQuestion> MemoryPlan::question() const {
    const auto limit = room();
    if (!m_memory.planned || !limit) return std::nullopt;
    return plan::FitQuestion{m_draft.config(), m_data.basis(), m_device, *limit, {}};
}

std::vector<std::int64_t> MemoryPlan::sizesToMeasure() const {
    const auto limit = room();
    if (!m_configured || !limit) return {};
    const std::int64_t batch = m_draft.config().train.batchSize;
    return plan::sizesToMeasure(m_configured->graph(), m_configured->options(batch, batch), batch, *limit);
}

const plan::ConfiguredStep& MemoryPlan::configured() {
    const auto device = isOnGpu() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
    if (m_configured && device == m_device)
        m_configured = m_configured->changedTo(m_draft.config());
    else
        m_configured.emplace(m_draft.config(), m_data.basis(), device);
    m_features = featuresBeside(*m_configured);
    if (const auto limit = room()) m_configured = m_configured->within(*limit);
    m_device = device;
    return *m_configured;
}

/// On a GPU they lie outside of its memory. The net is made anew for them only where it is another one.
Bytes MemoryPlan::featuresBeside(const plan::ConfiguredStep& step) {
    const config::RunConfig& config = m_draft.config();
    if (!config.train.cacheFeatures || isOnGpu()) return 0;
    const models::Basis basis = m_data.basis();
    if (!m_featuresOf || &m_featuresOf->graph() != &step.graph() || m_featuresPrecision != config.train.precision)
        m_featuresEach = plan::keptFeatures(config, plan::netOf(config, basis), basis.shape, 1);
    m_featuresOf = step;
    m_featuresPrecision = config.train.precision;
    const DataSummary& data = m_data.summary();
    const qint64 training = config.data.limit > 0 ? std::min<qint64>(config.data.limit, data.train) : data.train;
    return m_featuresEach * (training + data.validation);
}

StepMemory MemoryPlan::planned() {
    const plan::ConfiguredStep& step = configured();  // weighs the features
    return stepMemory(m_draft.config(), step, budget(), m_features);
}

void MemoryPlan::replan() {
    m_later.stop();
    m_memory = {};
    m_features = 0;
    if (m_data.state() == DataInfo::State::There) {
        try {
            m_memory = planned();
        } catch (const Error& error) {
            m_configured.reset();
            const QString& ofFile = m_data.modelFailure().text;
            m_memory.fault = ofFile.isEmpty() ? QString::fromStdString(error.failures().front().sentence()) : ofFile;
        }
        countSteps(m_memory, m_draft.config(), m_data.summary().train);
    }
    Q_EMIT changed();
}

}  // namespace headroom::ui
