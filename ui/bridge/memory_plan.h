// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QTimer>

#include <optional>

#include "base/plan/fit.h"
#include "base/telemetry/reading.h"
#include "ui/bridge/step_memory.h"

namespace headroom::ui {

class ConfigDraft;
class DataInfo;
class Hardware;

/// The memory of a step of the next run, planned anew whenever its settings, its data or the budget change: at most
/// sixty times a second, so that everything that shows it can follow a slider. GUI thread.
class MemoryPlan : public QObject {
    Q_OBJECT
public:
    MemoryPlan(ConfigDraft& draft, DataInfo& data, Hardware& hardware, QObject* parent = nullptr);

    const StepMemory& memory() const { return m_memory; }
    /// The configuration's budget, or what this machine leaves free; nothing before its first reading.
    std::optional<Bytes> budget() const;
    /// What kept features leave of it to the steps.
    std::optional<Bytes> room() const;
    /// What is asked to fit as the settings stand, into the room of the steps; nothing without a plan or a budget.
    std::optional<plan::FitQuestion> question() const;
    /// Micro-batches of the settings' batch that are worth measuring; none without a plan or a budget, or where nothing fits.
    std::vector<std::int64_t> sizesToMeasure() const;
    /// Where the run would compute: "cpu", "cuda:0".
    QString device() const;
    /// Plans at once what waits for its turn.
    void replan();

Q_SIGNALS:
    void changed();

private:
    void setReading(const telemetry::Reading& reading);
    bool isOnGpu() const;
    const plan::ConfiguredStep& configured();
    StepMemory planned();
    Bytes featuresBeside(const plan::ConfiguredStep& step);

    ConfigDraft& m_draft;
    DataInfo& m_data;
    QTimer m_later;
    StepMemory m_memory;
    std::optional<plan::ConfiguredStep> m_configured;
    models::DataShape m_shape;
    graph::DeviceKind m_device = graph::DeviceKind::Cpu;
    std::optional<Bytes> m_available, m_gpuFree;
    Bytes m_features = 0;  ///< kept in the memory that the budget speaks of
    std::optional<plan::ConfiguredStep> m_featuresOf;  ///< the step whose features were weighed last, and a sample's bytes
    std::string m_featuresPrecision;
    Bytes m_featuresEach = 0;
};

}  // namespace headroom::ui
