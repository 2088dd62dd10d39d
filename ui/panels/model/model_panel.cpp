// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/model_panel.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QListView>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QVBoxLayout>

#include "base/config/document.h"
#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/model/gallery.h"
#include "ui/panels/model/graph_card.h"
#include "ui/panels/model/node_card.h"
#include "ui/panels/model/training_actions.h"
#include "ui/panels/model/weights_card.h"
#include "ui/widgets/card.h"
#include "ui/widgets/config_edit.h"
#include "ui/widgets/problem_note.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;
constexpr int kRefreshMs = 100;
constexpr int kGalleryLeast = 236, kGalleryMost = 264, kNodesLeast = 216, kNodesMost = 350;

QString titleOf(const QString& architecture) {
    for (const models::Architecture& each : models::architectures())
        if (architecture.toStdString() == each.name) return QString::fromUtf8(each.title.data(), std::ssize(each.title));
    return architecture;
}

QString trainedText(const ParameterCount& count) {
    return ModelPanel::tr("%1 of %2 parameters are trained").arg(format::grouped(count.trained), format::grouped(count.all));
}

}  // namespace

ModelPanel::ModelPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_gallery(new GalleryModel(this)), m_list(new QListView), m_graph(new GraphCard), m_training(new TrainingActions(context.draft, context.undo, this)), m_nodes(new NodeCard(m_training->all())), m_weights(new WeightsCard(context, context.bridge.questions())), m_problem(new ProblemNote) {
    auto* columns = new QHBoxLayout(this);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(kGap);
    columns->addWidget(galleryCard(), 3);
    columns->addWidget(m_graph, 5);
    m_nodes->setMinimumWidth(kNodesLeast);
    m_nodes->setMaximumWidth(kNodesMost);
    columns->addWidget(m_nodes, 4);
    columns->addWidget(m_weights, 9);
    for (QWidget* later : {static_cast<QWidget*>(m_nodes), static_cast<QWidget*>(m_weights)}) later->hide();  // until there is something to show
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(kRefreshMs);
    connect(&m_refresh, &QTimer::timeout, this, &ModelPanel::refresh);
    connect(&m_graph->view(), &GraphView::selectedChanged, this, &ModelPanel::showChosen);
    m_graph->view().addActions(m_training->all());
    connect(m_training, &TrainingActions::refused, this, [this](const QString& sentence) { m_problem->set({Severity::Warning, {}, {}, sentence}); });
    connect(m_nodes, &NodeCard::chosen, &m_graph->view(), &GraphView::reveal);
    connect(m_graph, &GraphCard::otherChanged, this, &ModelPanel::showCurrent);
    connect(&m_graph->placeholder(), &PlaceholderCard::triggered, this, [this] { Q_EMIT wanted(QStringLiteral("open_data")); });
    connect(m_weights, &WeightsCard::openChanged, this, [this] {
        m_weights->setVisible(m_weights->isOpen());
        m_graph->setVisible(!m_weights->isOpen());
        showCurrent();
    });
    connectModels();
    followData();
    followDraft();
}

QWidget* ModelPanel::galleryCard() {
    auto* card = new Card;
    card->setMinimumWidth(kGalleryLeast);
    card->setMaximumWidth(kGalleryMost);
    card->head()->insertWidget(0, sectionHead(tr("Models")));
    auto* open = new QPushButton(tr("Open file…"));
    open->setToolTip(tr("Looks at a model in ONNX's format, or at weights in safetensors' for the chosen architecture; a file can also be dropped here"));
    connect(open, &QPushButton::clicked, this, &ModelPanel::openFile);
    card->head()->addWidget(open);
    card->body()->addWidget(m_problem);
    m_list->setModel(m_gallery);
    m_list->setItemDelegate(new GalleryDelegate(m_list));
    m_list->setAccessibleName(tr("Models"));
    m_list->setMouseTracking(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTabKeyNavigation(false);
    card->body()->addWidget(m_list, 1);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& now) {
        if (now.isValid() && !m_follows) choose(now.row());
    });
    return card;
}

void ModelPanel::connectModels() {
    ModelExplorer& models = m_context.bridge.models();
    connect(&m_context.draft, &ConfigDraft::changed, this, &ModelPanel::followDraft);
    connect(&m_context.data, &DataInfo::changed, this, &ModelPanel::followData);
    connect(&m_context.memory, &MemoryPlan::changed, this, [this] {
        if (!m_refresh.isActive()) m_refresh.start();
    });
    connect(&models, &ModelExplorer::surveyed, m_gallery, &GalleryModel::setFacts);
    connect(&models, &ModelExplorer::shown, this, [this](const ExploredModelPtr& model) {
        if (model->planned != m_context.memory.memory().planned) return;  // a newer one comes
        const QString name = title(model);
        const bool isAnother = m_planned && title(m_planned) == name && m_planned->scene->graphs.front() != model->scene->graphs.front();
        if (isAnother) m_seen[tr("%1 before the change").arg(name)] = m_planned;
        m_planned = model;
        if (model->path.isEmpty()) m_seen[name] = model;
        showCurrent();
    });
    connect(&models, &ModelExplorer::opened, this, [this](const ExploredModelPtr& model) {
        m_seen[model->name] = model;
        const int row = m_gallery->addFile(model);
        m_file.clear();  // it may be the same file once more
        m_list->setCurrentIndex({});
        m_list->setCurrentIndex(m_gallery->index(row));
    });
    connect(&models, &ModelExplorer::refused, this, [this](const QString&, const Problem& problem) { m_problem->set(problem); });
}

void ModelPanel::choose(int row) {
    const GalleryEntry& entry = m_gallery->entry(row);
    m_file = entry.isFile ? entry.key : QString();
    config::RunConfig wanted = m_context.draft.config();
    wanted.model.file = entry.isFile ? entry.file->path.toStdString() : std::string();
    if (!entry.isFile) wanted.model.arch = entry.key.toStdString();
    const bool isAnother = wanted.model.file != m_context.draft.config().model.file || wanted.model.arch != m_context.draft.config().model.arch;
    if (isAnother && m_context.data.state() == DataInfo::State::There)
        wanted = fittingTo(wanted, {m_context.data.summary().shape, entry.isFile ? entry.file->scene->graphs.front() : nullptr});
    changeTogether(m_context.draft, m_context.undo, wanted, tr("Model %1").arg(entry.title));
    showCurrent();
}

/// The list follows the settings, but for a file that is being looked at.
void ModelPanel::followDraft() {
    if (m_file.isEmpty()) {
        const int row = m_gallery->rowOf(QString::fromStdString(m_context.draft.config().model.arch));
        const QScopedValueRollback following(m_follows, true);
        if (row >= 0 && m_list->currentIndex().row() != row) m_list->setCurrentIndex(m_gallery->index(row));
    }
    if (!m_refresh.isActive()) m_refresh.start();
}

void ModelPanel::followData() {
    const bool there = m_context.data.state() == DataInfo::State::There;
    m_gallery->setData(there ? &m_context.data.summary().shape : nullptr);
    m_surveyed.clear();
    if (!m_refresh.isActive()) m_refresh.start();
}

/// A page that nobody sees catches up when it is shown.
void ModelPanel::refresh() {
    if (!isVisible()) return;
    const StepMemory& memory = m_context.memory.memory();
    if (memory.planned && (!m_planned || m_planned->planned != memory.planned)) m_context.bridge.models().show(memory.planned, m_context.draft.config(), m_context.data.basis(), m_context.memory.device());
    if (!memory.planned) m_planned.reset();
    if (m_context.data.state() == DataInfo::State::There) {
        config::RunConfig config = m_context.draft.config();
        config.model.arch.clear();
        config.model.file.clear();
        const QString about = QString::fromStdString(config::toJson(config)) + m_context.memory.device();
        if (about != m_surveyed) {
            const DataSummary& known = m_context.data.summary();
            m_context.bridge.models().survey({config, {known.shape, known.train, known.validation}, m_context.memory.device(), m_context.memory.budget()});
        }
        m_surveyed = about;
    }
    showCurrent();
}

void ModelPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    m_refresh.start();
}

ExploredModelPtr ModelPanel::modelOf(const QString& title) const {
    const auto found = m_seen.find(title);
    return found == m_seen.end() ? nullptr : found->second;
}

void ModelPanel::setOthers() {
    QStringList titles;
    const ExploredModelPtr current = m_file.isEmpty() ? m_planned : m_gallery->entry(m_gallery->rowOf(m_file)).file;
    for (const auto& [title, model] : m_seen)
        if (current && model->scene->graphs.front() != current->scene->graphs.front()) titles << title;
    m_graph->setOthers(titles);
}

GraphScenePtr ModelPanel::compared(const GraphScenePtr& before, const GraphScenePtr& now) {
    if (before != m_before || now != m_now) m_comparison = comparisonOf(*before, *now);
    m_before = before;
    m_now = now;
    return m_comparison;
}

/// The file's picture with what is trained of it, once its training is planned.
GraphScenePtr ModelPanel::marked(const ExploredModelPtr& file) {
    if (!m_planned || m_planned->path != file->path) return file->scene;
    if (file != m_markedFile || m_planned != m_markedBy) m_marked = withLearning(*file->scene, *m_planned->trained);
    m_markedFile = file;
    m_markedBy = m_planned;
    return m_marked;
}

/// Of a plan, its architecture or the file that it is made from.
QString ModelPanel::title(const ExploredModelPtr& model) const {
    if (model->path.isEmpty()) return titleOf(model->name);
    return model->planned ? QFileInfo(model->path).fileName() : model->name;
}

/// What is known of the node or the block that is chosen, and what can be done to it.
void ModelPanel::showChosen() {
    const GraphView& view = m_graph->view();
    m_nodes->show(view.selected(), view.selectedBlock());
    const bool isPlanned = m_planned && (m_file.isEmpty() || m_planned->path == m_file);
    m_training->follow(view.scene(), isPlanned ? m_planned : nullptr, view.selected(), view.selectedBlock());
    m_nodes->setTrained(isPlanned ? trainedText(countOf(*m_planned->trained)) : m_context.memory.memory().fault);
}

void ModelPanel::showCurrent() {
    setOthers();
    const ExploredModelPtr model = m_file.isEmpty() ? m_planned : m_gallery->entry(m_gallery->rowOf(m_file)).file;
    GraphScenePtr scene = !model ? nullptr : m_file.isEmpty() ? model->scene : marked(model);
    if (const ExploredModelPtr other = model ? modelOf(m_graph->other()) : nullptr) scene = compared(other->scene, scene);
    if (!scene) explainEmpty();
    m_nodes->setVisible(scene && !m_weights->isOpen());
    m_graph->setTitle(model ? title(model) : tr("Graph"));
    if (scene != m_graph->view().scene()) {
        m_graph->setScene(scene);
        m_nodes->setScene(scene, model ? model->summary : QJsonObject());
    }
    showChosen();
    if (m_pending.isEmpty() || !scene || !m_file.isEmpty()) return;
    if (const int node = scene->find(std::exchange(m_pending, {})); node >= 0) m_graph->view().reveal(node);
}

void ModelPanel::explainEmpty() {
    const DataInfo& found = m_context.data;
    const QString& fault = m_context.memory.memory().fault;
    PlaceholderCard& card = m_graph->placeholder();
    card.setAction({});
    if (!fault.isEmpty()) {
        card.set(tr("This model cannot be planned for this data."), fault);
    } else if (found.state() == DataInfo::State::Looking || found.state() == DataInfo::State::There) {
        card.set(tr("Looking into the data…"), found.summary().path);
    } else {
        const bool failed = found.state() == DataInfo::State::Failed;
        card.set(failed ? tr("This data cannot be used.") : tr("No data chosen yet."),
                 failed ? found.failure().text : tr("With data, the graph of every architecture is drawn here with what each node costs. A file in ONNX's format can be looked at without."));
        card.setAction(tr("Open folder…"));
    }
}

bool ModelPanel::takes(const QString& path) { return WeightsCard::isWeights(path) || path.endsWith(QLatin1String(".onnx"), Qt::CaseInsensitive); }

bool ModelPanel::accept(const QString& path) {
    if (!takes(path)) return false;
    m_problem->clear();  // of another file
    if (WeightsCard::isWeights(path)) return m_weights->open(path), true;
    m_weights->close();
    m_context.bridge.models().open(path);
    return true;
}

void ModelPanel::openFile() {
    auto* dialog = new QFileDialog(this, tr("Open a model"), {}, tr("Models and weights (*.onnx *.safetensors *.safetensors.index.json);;ONNX models (*.onnx);;Weights (*.safetensors *.safetensors.index.json)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, &ModelPanel::accept);
    dialog->open();
}

bool ModelPanel::find() {
    m_graph->startSearch();
    return m_graph->view().scene() != nullptr;
}

void ModelPanel::reveal(const QString& node) {
    m_pending = node;
    m_file.clear();
    followDraft();
    showCurrent();
}

}  // namespace headroom::ui
