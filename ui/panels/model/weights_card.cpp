// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/weights_card.h"

#include <QCompleter>
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLineEdit>
#include <QSaveFile>
#include <QStringListModel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

#include "base/models/data_shape.h"
#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/worker_questions.h"
#include "ui/panels/model/weights_model.h"
#include "ui/widgets/config_edit.h"
#include "ui/widgets/problem_note.h"
#include "ui/widgets/row_table.h"

namespace headroom::ui {
namespace {

using Standing = WeightRow::Standing;

/// A line that knows the file's tensors.
class TensorDelegate : public QStyledItemDelegate {
public:
    TensorDelegate(QStringListModel* tensors, QObject* parent) : QStyledItemDelegate(parent), m_tensors(tensors) {}

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const override {
        auto* line = new QLineEdit(parent);
        line->setPlaceholderText(WeightsCard::tr("stays new"));
        auto* completer = new QCompleter(m_tensors, line);
        completer->setFilterMode(Qt::MatchContains);
        completer->setCaseSensitivity(Qt::CaseInsensitive);
        line->setCompleter(completer);
        return line;
    }

private:
    QStringListModel* m_tensors;
};

bool suits(const std::string& architecture, const models::DataShape& data) {
    const auto all = models::architectures();
    const auto found = std::ranges::find(all, architecture, &models::Architecture::name);
    return found != all.end() && found->suits(data);
}

QJsonObject objectOf(const nlohmann::json& json) { return QJsonDocument::fromJson(QByteArray::fromStdString(json.dump())).object(); }

/// As in a file of model.weights_map.
QJsonValue choiceOf(const QStringList& tensors) {
    if (tensors.isEmpty()) return QJsonValue::Null;
    return tensors.size() == 1 ? QJsonValue(tensors.front()) : QJsonValue(QJsonArray::fromStringList(tensors));
}

}  // namespace

WeightsCard::WeightsCard(const Context& context, WorkerQuestions& questions, QWidget* parent)
    : Card(tr("Weights"), parent), m_context(context), m_questions(questions), m_weights(new WeightsModel(this)), m_tensors(new QStringListModel(this)), m_table(rowTable(m_weights, tr("Tensors of the file by parameter"), kLowRow)), m_message(toned({}, "muted")), m_problem(new ProblemNote),
      m_use(new QPushButton(tr("Use these weights"))), m_reset(new QPushButton(tr("Take back edits"))), m_close(new QPushButton(tr("Close"))) {
    m_message->setWordWrap(true);
    m_message->setTextFormat(Qt::PlainText);
    m_table->setSelectionBehavior(QAbstractItemView::SelectItems);  // a cell is edited
    m_table->setItemDelegateForColumn(WeightsModel::Tensors, new TensorDelegate(m_tensors, m_table));
    m_table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    body()->addWidget(m_problem);
    body()->addWidget(m_message);
    body()->addWidget(m_table, 1);
    body()->addStretch();
    body()->addWidget(buttons());
    connectAll();
}

QWidget* WeightsCard::buttons() {
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    m_use->setProperty("primary", true);
    m_use->setToolTip(tr("The next run of this architecture begins with them"));
    for (QPushButton* button : {m_use, m_reset}) row->addWidget(button);
    row->addStretch();
    row->addWidget(m_close);
    return bar;
}

void WeightsCard::connectAll() {
    connect(m_use, &QPushButton::clicked, this, &WeightsCard::use);
    connect(m_close, &QPushButton::clicked, this, &WeightsCard::close);
    connect(m_reset, &QPushButton::clicked, this, [this] {
        m_edits = {};
        ask();
    });
    connect(m_weights, &WeightsModel::edited, this, [this](const QString& parameter, const QStringList& tensors) {
        m_edits[parameter] = choiceOf(tensors);
        ask();
    });
    connect(&m_context.draft, &ConfigDraft::changed, this, [this](const QString& path) {
        if (path.isEmpty() || path.startsWith(QLatin1String("model."))) ask();
    });
    connect(&m_context.data, &DataInfo::changed, this, &WeightsCard::ask);
    connect(&m_questions, &WorkerQuestions::answered, this, [this](qint64 id, const QString&, const QJsonObject& answer) {
        if (id == m_asked) take(answer);
    });
    connect(&m_questions, &WorkerQuestions::failed, this, [this](qint64 id, const QString&, const Problem& problem) {
        if (id == m_asked) refuse(problem);
    });
}

bool WeightsCard::isWeights(const QString& path) {
    return path.endsWith(QLatin1String(".safetensors"), Qt::CaseInsensitive) || path.endsWith(QLatin1String(".safetensors.index.json"), Qt::CaseInsensitive);
}

void WeightsCard::open(const QString& path) {
    const config::RunConfig::Model& model = m_context.draft.config().model;
    m_path = path;
    m_edits = {};
    m_map = model.weights == path.toStdString() ? QString::fromStdString(model.weightsMap) : QString();
    m_weights->set({});
    m_problem->clear();
    m_message->setText(tr("Reading the file…"));
    setTone(m_message, "muted");
    showTensors(true);
    ask();
    Q_EMIT openChanged();
}

void WeightsCard::close() {
    m_path.clear();
    m_asked = -1;
    Q_EMIT openChanged();
}

/// For the data at hand, or for what the architecture is published for where there is none that suits it.
void WeightsCard::ask() {
    if (m_path.isEmpty()) return;
    const config::RunConfig::Model& model = m_context.draft.config().model;
    const QString arch = QString::fromStdString(model.arch);
    if (arch != m_arch) m_edits = {};  // names of another net
    m_arch = arch;
    QJsonObject question{{"ask", "weights"}, {"path", m_path}, {"arch", arch}, {"choice", m_edits}};
    if (!m_map.isEmpty()) question["map"] = m_map;
    for (const auto& [name, extent] : {std::pair("width", model.width), std::pair("layers", model.layers), std::pair("heads", model.heads)})
        if (extent > 0) question[QLatin1String(name)] = qint64(extent);
    const models::DataShape& shape = m_context.data.summary().shape;
    if (m_context.data.state() == DataInfo::State::There && suits(model.arch, shape)) question["data"] = objectOf(models::toJson(shape));
    setFigure(tr("%1 for %2").arg(QFileInfo(m_path).fileName(), arch));
    m_use->setEnabled(false);
    m_reset->setEnabled(!m_edits.isEmpty());
    m_asked = m_questions.ask(QStringLiteral("weights"), question);
}

/// A file that nothing is known of has no table: what was wrong with it stands alone.
void WeightsCard::showTensors(bool there) {
    m_message->setVisible(there);
    m_table->setVisible(there);
}

void WeightsCard::take(const QJsonObject& answer) {
    m_problem->clear();
    showTensors(true);
    m_weights->set(answer);
    m_choice = answer.value(QLatin1String("choice")).toObject();
    m_tensors->setStringList(answer.value(QLatin1String("tensors")).toVariant().toStringList());
    const int wrong = m_weights->count(Standing::Missing) + m_weights->count(Standing::Misfit) + m_weights->count(Standing::Unknown);
    m_message->setText(tr("Names: %1. %2 found, %3 stay new, %4 missing, %5 of another shape, %6 not in the net.%7")
                           .arg(answer.value(QLatin1String("naming")).toString())
                           .arg(m_weights->count(Standing::Match))
                           .arg(m_weights->count(Standing::Fresh))
                           .arg(m_weights->count(Standing::Missing))
                           .arg(m_weights->count(Standing::Misfit))
                           .arg(m_weights->count(Standing::Surplus))
                           .arg(wrong > 0 ? tr(" Choose another architecture, name a tensor for each, or empty its field to leave it new.") : QString()));
    setTone(m_message, wrong > 0 ? "warning" : "muted");
    m_use->setEnabled(m_weights->isComplete());
}

void WeightsCard::refuse(const Problem& problem) {
    m_weights->set({});
    m_problem->set(problem);
    showTensors(false);
}

/// Names that were edited are kept in the project: the run reads them from there.
QString WeightsCard::keptNames() const {
    const QDir folder(QString::fromStdString((m_context.bridge.project() / "names").string()));
    const QString path = folder.filePath(QStringLiteral("%1-%2.json").arg(QFileInfo(m_path).completeBaseName(), m_arch));
    QSaveFile file(path);
    const bool kept = folder.mkpath(QStringLiteral(".")) && file.open(QIODevice::WriteOnly) && file.write(QJsonDocument(m_choice).toJson()) > 0 && file.commit();
    return kept ? path : QString();
}

void WeightsCard::use() {
    config::RunConfig wanted = m_context.draft.config();
    QString names = m_map;
    if (!m_edits.isEmpty()) {
        names = keptNames();
        if (names.isEmpty()) return refuse({Severity::Error, QStringLiteral("DSK-02"), m_path, tr("The names cannot be kept in the project's folder.")});
    }
    wanted.model.file.clear();
    wanted.model.weights = m_path.toStdString();
    wanted.model.weightsMap = names.toStdString();
    close();
    changeTogether(m_context.draft, m_context.undo, wanted, tr("Weights of %1").arg(QFileInfo(QString::fromStdString(wanted.model.weights)).fileName()));
}

}  // namespace headroom::ui
