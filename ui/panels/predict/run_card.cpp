// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/run_card.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSortFilterProxyModel>
#include <QVBoxLayout>

#include "ui/bridge/format.h"
#include "ui/panels/context.h"
#include "ui/panels/run_words.h"
#include "ui/panels/selection.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

/// Those that learnt something and are not in the trash.
class LearntRuns : public QSortFilterProxyModel {
public:
    LearntRuns(RunsModel& runs, QObject* parent) : QSortFilterProxyModel(parent) { setSourceModel(&runs); }

protected:
    bool filterAcceptsRow(int row, const QModelIndex&) const override {
        const store::RunSummary& run = static_cast<const RunsModel*>(sourceModel())->all()[static_cast<std::size_t>(row)];
        return !run.trashed && run.progress.step > 0;
    }
};

void addNamed(QHBoxLayout* row, const QString& name, QComboBox* box) {
    auto* label = new QLabel(name);
    label->setBuddy(box);
    box->setAccessibleName(name);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(12);
    row->addWidget(label);
    row->addWidget(box);
}

}  // namespace

RunCard::RunCard(const Context& context, QWidget* parent)
    : Card({}, parent), m_name(new QLabel), m_facts(toned({}, "muted")), m_runs(new QComboBox), m_weights(new QComboBox), m_beside(new QCheckBox(tr("Beside the exported file"))),
      m_export(new QPushButton(tr("Export it to compare…"))) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    m_name->setFont(theme::textFont(1.35, QFont::DemiBold));
    head()->insertWidget(0, m_name);
    m_runs->setModel(new LearntRuns(context.runs, m_runs));
    m_weights->addItem(tr("Last checkpoint"), QStringLiteral("last"));
    m_weights->addItem(tr("Best checkpoint"), QStringLiteral("best"));
    m_beside->setChecked(true);
    m_export->setProperty("link", true);
    m_export->setToolTip(tr("Opens the page that writes an ONNX file of this run; it then answers beside the run"));
    m_name->setMinimumWidth(0);
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    head()->setStretchFactor(m_name, 1);
    addNamed(head(), tr("Run"), m_runs);
    addNamed(head(), tr("Weights"), m_weights);
    m_facts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* row = new QHBoxLayout;
    row->addWidget(m_facts, 1);
    row->addWidget(m_beside);
    row->addWidget(m_export);
    body()->addLayout(row);
    Selection& selection = context.selection;
    connect(m_runs, &QComboBox::activated, this, [this, &selection](int index) { selection.setCurrent(m_runs->itemData(index, RunsModel::IdRole).toString()); });
    connect(m_weights, &QComboBox::currentIndexChanged, this, &RunCard::changed);
    connect(m_beside, &QCheckBox::toggled, this, &RunCard::changed);
    connect(m_export, &QPushButton::clicked, this, &RunCard::exportWanted);
}

void RunCard::set(const store::RunSummary& run, const PredictableRun& found) {
    const QSignalBlocker quiet(this);
    m_name->setText(QString::fromStdString(run.name));
    m_facts->setText(runWords(run));
    m_runs->setCurrentIndex(m_runs->findData(found.run, RunsModel::IdRole));
    if (!found.best || !found.checkpoint) m_weights->setCurrentIndex(found.checkpoint ? 0 : 1);
    m_weights->setEnabled(found.best && found.checkpoint);
    m_weights->setToolTip(found.best ? tr("The newest checkpoint, or the one of the best evaluation") : tr("This run kept no checkpoint of its best evaluation"));
    m_beside->setVisible(!found.exported.isEmpty());
    m_beside->setToolTip(tr("%1 answers too, in another runtime").arg(found.exported));
    m_export->setVisible(found.exported.isEmpty());
}

QString RunCard::weights() const { return m_weights->currentData().toString(); }
bool RunCard::beside() const { return !m_beside->isHidden() && m_beside->isChecked(); }

}  // namespace headroom::ui
