// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/train/setup_card.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QToolButton>
#include <QVBoxLayout>

#include <memory>

#include "base/config/document.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/bridge/runs_model.h"
#include "ui/bridge/step_memory.h"
#include "ui/theme/theme.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/schedule_preview.h"
#include "ui/widgets/scrolled.h"

namespace headroom::ui {
namespace {

QFrame* rule() {
    auto* line = new QFrame;
    line->setObjectName(QStringLiteral("rule"));
    return line;
}

QToolButton* levelButton(const QString& text) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setCheckable(true);
    button->setProperty("segment", true);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

}  // namespace

SetupCard::SetupCard(const Context& context, QWidget* parent)
    : Card({}, parent), m_context(context), m_form(new ConfigForm(context.draft, context.undo)), m_simple(levelButton(tr("Simple"))), m_all(levelButton(tr("Advanced"))),
      m_equation(new QLabel), m_memory(figure({}, 1.25)), m_time(figure({}, 1.25)), m_steps(toned({}, "muted")), m_basis(toned({}, "muted")), m_verdict(new QLabel),
      m_schedule(new SchedulePreview), m_plan(std::make_unique<StepMemory>()) {
    head()->insertWidget(0, sectionHead(tr("New run")));
    head()->addWidget(levelSwitch());
    m_equation->setTextFormat(Qt::RichText);
    m_equation->setWordWrap(true);
    m_equation->setAccessibleName(tr("Effective batch"));
    m_form->attach(QStringLiteral("train.batch_size"), m_equation);
    m_form->attach(QStringLiteral("train.schedule.name"), m_schedule);
    QScrollArea* scroll = scrolled(m_form);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    body()->addWidget(scroll, 1);
    body()->addWidget(rule());
    body()->addWidget(expectation());
    connect(&context.draft, &ConfigDraft::changed, this, &SetupCard::follow);
    connect(&context.data, &DataInfo::changed, this, &SetupCard::follow);
    connect(&context.runs, &QAbstractItemModel::dataChanged, this, &SetupCard::showExpectation);
    follow();
}

SetupCard::~SetupCard() = default;

QWidget* SetupCard::levelSwitch() {
    auto* both = new QWidget;
    auto* row = new QHBoxLayout(both);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    auto* group = new QButtonGroup(this);
    for (QToolButton* button : {m_simple, m_all}) {
        group->addButton(button);
        row->addWidget(button);
    }
    m_simple->setChecked(true);
    m_simple->setAccessibleName(tr("Simple settings"));
    m_all->setAccessibleName(tr("All settings"));
    connect(m_all, &QToolButton::toggled, this, [this](bool all) { m_form->setLevel(all ? config::Level::Advanced : config::Level::Simple); });
    return both;
}

bool SetupCard::advanced() const { return m_all->isChecked(); }
void SetupCard::setAdvanced(bool advanced) { (advanced ? m_all : m_simple)->setChecked(true); }

QWidget* SetupCard::expectation() {
    auto* block = new QWidget;
    auto* rows = new QVBoxLayout(block);
    rows->setContentsMargins(0, 2, 0, 0);
    rows->setSpacing(4);
    auto* head = new QHBoxLayout;
    head->addWidget(sectionHead(tr("Expected")));
    head->addStretch();
    head->addWidget(m_steps);
    rows->addLayout(head);
    auto* figures = new QHBoxLayout;
    m_memory->setAccessibleName(tr("Planned memory"));
    m_time->setAccessibleName(tr("Expected time"));
    m_steps->setAccessibleName(tr("Steps"));
    figures->addWidget(m_memory);
    figures->addStretch();
    figures->addWidget(m_time);
    rows->addLayout(figures);
    m_basis->setFont(theme::textFont(0.85));
    m_basis->setWordWrap(true);
    rows->addWidget(m_basis);
    m_verdict->setWordWrap(true);
    rows->addWidget(m_verdict);
    auto* copy = new QPushButton(tr("Copy as command"));
    copy->setToolTip(tr("The command line that starts the same run"));
    connect(copy, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("copy_command")); });
    rows->addWidget(copy);
    return block;
}

void SetupCard::setPlan(const StepMemory& memory) {
    *m_plan = memory;
    follow();
}

void SetupCard::follow() {
    const config::RunConfig& config = m_context.draft.config();
    BatchEquation equation = batchEquation(config);
    if (equation.automatic && m_plan->microBatch > 0) {
        equation.micro = m_plan->microBatch;
        equation.accumulation = m_plan->parts;
    }
    const auto mono = [](qint64 n) { return QStringLiteral("<span style='font-family:\"JetBrains Mono\"'>%1</span>").arg(format::grouped(n)); };
    m_equation->setText(tr("%1 micro × %2 accumulated × %3 device = <b>%4</b>")
                            .arg(mono(equation.micro), mono(equation.accumulation), mono(equation.devices), mono(equation.effective)));
    m_equation->setAccessibleDescription(tr("%1 micro times %2 accumulated times %3 device is %4").arg(equation.micro).arg(equation.accumulation).arg(equation.devices).arg(equation.effective));
    m_schedule->set(config);
    showExpectation();
    showVerdict();
}

double SetupCard::knownRate() const {
    const config::RunConfig& config = m_context.draft.config();
    const QString folder = QString::fromStdString(config.data.path).section('/', -1, -1, QString::SectionSkipEmpty);
    for (const store::RunSummary& run : m_context.runs.all())
        if (run.samplesPerSecond && run.arch == config::modelName(config) && QString::fromStdString(run.data) == folder) return *run.samplesPerSecond;
    return 0;
}

void SetupCard::showExpectation() {
    const StepMemory& plan = *m_plan;
    const double rate = knownRate();
    m_memory->setText(plan.process > 0 ? format::bytes(plan.process) : QStringLiteral("–"));
    m_memory->setToolTip(tr("What the process will take at most, as the bar says"));
    m_steps->setText(plan.totalSteps > 0 ? tr("%1 steps").arg(format::grouped(plan.totalSteps)) : QString());
    const double samples = static_cast<double>(plan.totalSteps) * static_cast<double>(m_context.draft.config().train.batchSize);
    m_time->setText(rate > 0 && samples > 0 ? format::duration(samples / rate) : QStringLiteral("–"));
    QStringList basis;
    if (plan.process > 0) basis << tr("memory of the whole process");
    if (plan.parameters > 0) basis << tr("%1 parameters").arg(format::grouped(plan.parameters));
    basis << (rate > 0 ? tr("time from the last such run: %1").arg(format::rate(rate)) : tr("time is known after the first run of this kind"));
    m_basis->setText(basis.join(QStringLiteral(" · ")));
}

void SetupCard::showVerdict() {
    if (m_context.draft.config().data.path.empty()) {
        m_verdict->setText(tr("No data chosen yet."));
        return setTone(m_verdict, "muted");
    }
    QStringList faults = m_context.draft.faults();
    if (m_context.data.state() == DataInfo::State::Failed) faults << m_context.data.failure().text;
    if (!m_plan->fault.isEmpty()) faults << m_plan->fault;
    if (!faults.isEmpty()) {
        m_verdict->setText(faults.first());
        setTone(m_verdict, "bad");
    } else if (m_context.data.state() == DataInfo::State::Looking) {
        m_verdict->setText(tr("Looking into the data…"));
        setTone(m_verdict, "muted");
    } else if (!m_plan->fits) {
        m_verdict->setText(tr("A step needs more than the memory budget. The page Memory says what would help."));
        setTone(m_verdict, "bad");
    } else {
        m_verdict->setText(tr("Ready to start."));
        setTone(m_verdict, "good");
    }
}

}  // namespace headroom::ui
