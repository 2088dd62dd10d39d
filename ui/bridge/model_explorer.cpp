// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/model_explorer.h"

#include <QFileInfo>

#include "base/errors/error.h"
#include "base/plan/bare_net.h"
#include "base/plan/owners.h"
#include "base/plan/this_device.h"
#include "base/store/home.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/graph_learning.h"
#include "ui/bridge/worker_questions.h"

namespace headroom::ui {
namespace {

/// By NodeId, from what the plan says of its peak.
std::vector<Bytes> heldAtPeak(const PlannedStep& planned) {
    const graph::Graph& graph = planned.configured.graph();
    std::vector<Bytes> held(graph.nodes().size(), 0);
    for (const plan::Owner& owner : plan::ownersAtPeak(graph, planned.step))
        if (owner.node != graph::kNone) held[static_cast<std::size_t>(owner.node)] += owner.bytes;
    return held;
}

/// Of a file's graph for one sample, as it answers. Without figures where no plan can be made for it.
std::vector<plan::NodeFigures> figuresOfFile(const graph::Graph& graph, const plan::DeviceModel& device, double ratio) {
    try {
        std::vector<plan::NodeFigures> figures = plan::answerFigures(graph, plan::everyExtent(graph, 1), device);
        for (plan::NodeFigures& each : figures) each.seconds *= ratio;
        return figures;
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

ArchitectureFacts factsOf(int index, const ModelExplorer::Survey& survey, const plan::DeviceModel& device, const plan::Calibration& calibration) {
    ArchitectureFacts facts;
    facts.index = index;
    try {
        config::RunConfig config = survey.config;
        config.model.arch = models::architectures()[static_cast<std::size_t>(index)].name;
        config.model.file.clear();
        config.train.freeze.clear();  // names parameters of the model that is chosen
        config.model.lora.targets = config::RunConfig::Lora{}.targets;
        const plan::RunPlan planned = plan::planRun(config, survey.data, device, calibration, {.budget = survey.budget});
        facts.parameters = planned.parameters;
        for (const plan::NodeFigures& node : plan::nodeFigures(planned.graph, planned.step.first, device)) facts.flops += node.forwardFlops;
        facts.flops /= static_cast<double>(planned.microBatch);
        facts.process = planned.processPeak;
        facts.fits = planned.fits;
        if (planned.estimate) facts.stepSeconds = planned.estimate->step.typical;
    } catch (const Error& error) {
        facts.refusal = QString::fromStdString(error.failures().front().sentence());
    }
    return facts;
}

ModelExplorer::ModelExplorer(std::filesystem::path home, WorkerQuestions& questions) : m_home(std::move(home)), m_questions(questions) {
    connect(&questions, &WorkerQuestions::answered, this, [this](qint64 id, const QString&, const QJsonObject& answer) {
        const std::unique_lock lock(m_mutex);
        const auto asked = m_asked.extract(id);
        if (asked.empty()) return;
        QMetaObject::invokeMethod(this, [this, path = asked.mapped(), answer] { takeFile(path, answer); }, Qt::QueuedConnection);
    });
    connect(&questions, &WorkerQuestions::failed, this, [this](qint64 id, const QString&, const Problem& problem) {
        const std::unique_lock lock(m_mutex);
        const auto asked = m_asked.extract(id);
        if (!asked.empty()) Q_EMIT refused(asked.mapped(), problem);
    });
}

void ModelExplorer::survey(const Survey& survey) {
    const std::lock_guard lock(m_mutex);
    const bool idle = !m_survey && !m_shown;
    m_survey = survey;
    if (idle) QMetaObject::invokeMethod(this, &ModelExplorer::work, Qt::QueuedConnection);
}

void ModelExplorer::show(std::shared_ptr<const PlannedStep> planned, const config::RunConfig& config, const models::Basis& basis, const QString& device) {
    const std::lock_guard lock(m_mutex);
    const bool idle = !m_survey && !m_shown;
    m_shown = Shown{std::move(planned), config, basis, device};
    if (idle) QMetaObject::invokeMethod(this, &ModelExplorer::work, Qt::QueuedConnection);
}

/// What is to be seen first, then the survey.
void ModelExplorer::work() {
    std::optional<Survey> survey;
    std::optional<Shown> shown;
    {
        const std::lock_guard lock(m_mutex);
        shown.swap(m_shown);
        survey.swap(m_survey);
    }
    if (shown) lookAt(*shown);
    if (survey) lookAt(*survey);
}

void ModelExplorer::lookAt(const Survey& survey) {
    const plan::DeviceModel& device = modelOf(survey.device);
    const plan::Calibration known = calibration();
    for (int index = 0; index < static_cast<int>(models::architectures().size()); ++index) {
        {
            const std::lock_guard lock(m_mutex);
            if (m_survey) return;  // a newer one waits
        }
        if (models::architectures()[static_cast<std::size_t>(index)].suits(survey.data.shape)) Q_EMIT surveyed(factsOf(index, survey, device, known));
    }
}

void ModelExplorer::lookAt(const Shown& shown) {
    const plan::DeviceModel& device = modelOf(shown.device);
    auto model = std::make_shared<ExploredModel>();
    model->planned = shown.planned;
    model->name = QString::fromStdString(shown.config.model.arch);
    model->path = QString::fromStdString(shown.config.model.file);
    const std::shared_ptr<const graph::Graph> graph(shown.planned, &shown.planned->configured.graph());
    std::vector<plan::NodeFigures> figures = plan::nodeFigures(*graph, shown.planned->step.first, device);
    const double ratio = plan::stepRatio(calibration(), plan::calibrationKey(shown.config, device)).typical;
    for (plan::NodeFigures& each : figures) each.seconds *= ratio;
    try {
        model->net = std::make_shared<const graph::Graph>(plan::bareNet(shown.config, shown.basis));
    } catch (const Error&) {
        return;  // the data changed meanwhile: another plan comes
    }
    model->trained = std::make_shared<const graph::Graph>(models::trainedNet(*model->net, plan::trainedOf(shown.config)));
    model->scene = withLearning(*sceneOf(graph, figures, heldAtPeak(*shown.planned)), *model->trained);
    Q_EMIT this->shown(model);
}

void ModelExplorer::open(const QString& path) {
    const std::lock_guard lock(m_mutex);
    m_asked[m_questions.ask(QStringLiteral("model ") + path, {{"ask", "model"}, {"path", path}, {"graph", true}})] = path;
}

void ModelExplorer::takeFile(const QString& path, const QJsonObject& answer) {
    try {
        auto model = std::make_shared<ExploredModel>();
        model->path = path;
        model->name = QFileInfo(path).fileName();
        model->summary = answer;
        model->summary.remove(QLatin1String("graph"));
        const auto graph = std::make_shared<const graph::Graph>(graphOf(answer));
        const plan::DeviceModel& device = modelOf(QStringLiteral("cpu"));
        const double ratio = plan::stepRatio(calibration(), {device.name, "fp32", {}}).typical;
        model->scene = sceneOf(graph, figuresOfFile(*graph, device, ratio));
        Q_EMIT opened(model);
    } catch (const Error& error) {
        Q_EMIT refused(path, problemsOf(error).first());
    }
}

const plan::DeviceModel& ModelExplorer::modelOf(const QString& device) {
    const auto known = m_models.find(device);
    return known != m_models.end() ? known->second : m_models.emplace(device, plan::thisDevice(device.toStdString())).first->second;
}

plan::Calibration ModelExplorer::calibration() const { return plan::Calibration::read(store::Home(m_home).calibration()); }

}  // namespace headroom::ui
