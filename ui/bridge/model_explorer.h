// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QObject>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "base/plan/run_plan.h"
#include "ui/bridge/graph_scene.h"
#include "ui/bridge/problem.h"
#include "ui/bridge/step_memory.h"

namespace headroom::ui {

class WorkerQuestions;

/// What a built-in architecture would be for the data at hand on this machine.
struct ArchitectureFacts {
    int index = 0;    ///< in models::architectures()
    QString refusal;  ///< why it cannot be planned; empty where it can
    qint64 parameters = 0;
    double flops = 0;  ///< of one sample forward
    Bytes process = 0;  ///< peak of the training process
    double stepSeconds = 0;  ///< 0: not known
    bool fits = true;
};

/// A model whose graph can be drawn.
struct ExploredModel {
    QString name;  ///< of the architecture, or of the file
    QString path;  ///< of a file, or of the one that the plan's net is made from
    GraphScenePtr scene;
    QJsonObject summary;  ///< of a file, as the worker's answer to `model` has it
    std::shared_ptr<const PlannedStep> planned;  ///< of what is planned
    std::shared_ptr<const graph::Graph> net;      ///< of what is planned, whole: before updates and freezing
    std::shared_ptr<const graph::Graph> trained;  ///< and with both
};
using ExploredModelPtr = std::shared_ptr<const ExploredModel>;

/// Looks at models without training them, in the thread that it lives in: all architectures for some data, the graph of what
/// is planned, the graph of a file that the warm worker reads. A newer question takes the place of the one that waits.
class ModelExplorer : public QObject {
    Q_OBJECT
public:
    /// `home`: where what runs showed of their devices is kept.
    ModelExplorer(std::filesystem::path home, WorkerQuestions& questions);

    struct Survey {
        config::RunConfig config;
        plan::RunData data;
        QString device;  ///< "cpu", "cuda:N"
        std::optional<Bytes> budget;
    };
    // From any thread; all return at once.
    void survey(const Survey& survey);
    /// `basis`: what the net of the plan was made from.
    void show(std::shared_ptr<const PlannedStep> planned, const config::RunConfig& config, const models::Basis& basis, const QString& device);
    void open(const QString& path);

Q_SIGNALS:
    void surveyed(const headroom::ui::ArchitectureFacts& facts);
    void shown(const headroom::ui::ExploredModelPtr& model);
    void opened(const headroom::ui::ExploredModelPtr& model);
    void refused(const QString& path, const headroom::ui::Problem& problem);

private:
    struct Shown {
        std::shared_ptr<const PlannedStep> planned;
        config::RunConfig config;
        models::Basis basis;
        QString device;
    };
    void work();
    void lookAt(const Survey& survey);
    void lookAt(const Shown& shown);
    void takeFile(const QString& path, const QJsonObject& answer);
    const plan::DeviceModel& modelOf(const QString& device);
    plan::Calibration calibration() const;

    const std::filesystem::path m_home;
    WorkerQuestions& m_questions;
    std::map<QString, plan::DeviceModel> m_models;  ///< of the object's thread
    std::mutex m_mutex;
    std::optional<Survey> m_survey;  ///< that waits
    std::optional<Shown> m_shown;
    std::map<qint64, QString> m_asked;  ///< paths by the number of their question
};

/// The facts of one architecture. Pure.
ArchitectureFacts factsOf(int index, const ModelExplorer::Survey& survey, const plan::DeviceModel& device, const plan::Calibration& calibration);

}  // namespace headroom::ui
