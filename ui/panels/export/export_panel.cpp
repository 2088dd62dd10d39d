// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/export/export_panel.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/format.h"
#include "ui/panels/selection.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;

QString snippet(const QString& file) {
    return QStringLiteral("import openvino\nmodel = openvino.Core().compile_model(\"%1\", \"CPU\")\nlogits = model(samples)[0]\n").arg(file);
}

}  // namespace

ExportPanel::ExportPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_pages(new QStackedWidget), m_empty(new PlaceholderCard({}, {})), m_run(new QLabel), m_runFacts(toned({}, "muted")), m_formatHelp(toned({}, "muted")),
      m_status(toned({}, "muted")), m_format(new QComboBox), m_export(new QPushButton(tr("Export and verify"))), m_show(new QPushButton(tr("Show in folder"))), m_copy(new QPushButton(tr("Copy Python snippet"))),
      m_verdict(new QLabel), m_file(toned({}, "muted")) {
    auto* empty = new Card;
    empty->body()->addWidget(m_empty);
    auto* filled = new QWidget;
    auto* rows = new QVBoxLayout(filled);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    rows->addWidget(formatCard());
    rows->addWidget(m_proof = proofCard());
    rows->addStretch();
    m_pages->addWidget(empty);
    m_pages->addWidget(filled);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);
    connect(&context.selection, &Selection::currentChanged, this, &ExportPanel::follow);
    connect(&context.selection, &Selection::runChanged, this, &ExportPanel::follow);
    WorkerQuestions& questions = context.bridge.questions();
    connect(&questions, &WorkerQuestions::answered, this, [this](qint64 id, const QString&, const QJsonObject& answer) {
        if (m_asked.contains(id)) take(m_asked[id], answer);
    });
    connect(&questions, &WorkerQuestions::failed, this, [this](qint64 id, const QString&, const Problem& problem) {
        if (!m_asked.contains(id)) return;
        m_failures[m_asked.take(id)] = problem.code.isEmpty() ? problem.text : tr("%1 (%2)").arg(problem.text, problem.code);
        follow();
    });
    follow();
}

Card* ExportPanel::formatCard() {
    auto* card = new Card;
    m_run->setFont(theme::textFont(1.35, QFont::DemiBold));
    card->head()->insertWidget(0, m_run);
    card->body()->addWidget(m_runFacts);
    m_format->addItem(tr("ONNX"), QStringLiteral("onnx"));
    m_format->addItem(tr("safetensors"), QStringLiteral("safetensors"));
    m_format->setAccessibleName(tr("Format"));
    m_export->setProperty("primary", true);
    m_formatHelp->setWordWrap(true);
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(tr("Format"));
    label->setBuddy(m_format);
    row->addWidget(label);
    row->addWidget(m_format);
    row->addWidget(m_export);
    row->addWidget(m_status, 1);
    card->body()->addSpacing(4);
    card->body()->addLayout(row);
    card->body()->addWidget(m_formatHelp);
    const auto help = [this] {
        m_formatHelp->setText(m_format->currentData() == QLatin1String("onnx")
                                  ? tr("One file for OpenVINO, ONNX Runtime and others. The batch is free; run, classes and the scaling of the inputs are written into it.")
                                  : tr("The weights by name with config.json, labels.txt and a model card, as Hugging Face lays them out."));
    };
    connect(m_format, &QComboBox::currentIndexChanged, this, help);
    connect(m_export, &QPushButton::clicked, this, &ExportPanel::begin);
    help();
    return card;
}

QWidget* ExportPanel::figureBlock(const QString& title, QLabel*& value, QLabel*& detail) {
    auto* block = new QWidget;
    auto* rows = new QVBoxLayout(block);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(2);
    value = figure({}, 1.6);
    detail = toned({}, "muted");
    detail->setFont(theme::textFont(0.85));
    detail->setWordWrap(true);
    value->setAccessibleName(title);
    rows->addWidget(sectionHead(title));
    rows->addWidget(value);
    rows->addWidget(detail);
    rows->addStretch();
    return block;
}

Card* ExportPanel::proofCard() {
    auto* card = new Card;
    card->head()->insertWidget(0, sectionHead(tr("Verified")));
    m_verdict->setWordWrap(true);
    m_verdict->setFont(theme::textFont(1.05, QFont::DemiBold));
    card->body()->addWidget(m_verdict);
    auto* figures = new QHBoxLayout;
    figures->setSpacing(24);
    figures->addWidget(figureBlock(tr("Accuracy"), m_accuracy, m_accuracyDetail), 1);
    figures->addWidget(figureBlock(tr("Largest difference"), m_difference, m_differenceDetail), 1);
    figures->addWidget(figureBlock(tr("Latency"), m_latency, m_latencyDetail), 1);
    figures->addWidget(figureBlock(tr("Size"), m_size, m_sizeDetail), 1);
    card->body()->addSpacing(6);
    card->body()->addLayout(figures);
    card->body()->addSpacing(6);
    m_file->setTextInteractionFlags(Qt::TextSelectableByMouse);
    card->body()->addWidget(m_file);
    auto* row = new QHBoxLayout;
    row->addWidget(m_show);
    row->addWidget(m_copy);
    row->addStretch();
    card->body()->addLayout(row);
    connect(m_show, &QPushButton::clicked, this, [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(m_file->text()).path())); });
    connect(m_copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(snippet(m_file->text())); });
    return card;
}

void ExportPanel::follow() {
    const store::RunSummary* run = m_context.selection.run();
    const bool usable = run && run->progress.step > 0 && !store::isLive(run->state);
    m_pages->setCurrentIndex(usable ? 1 : 0);
    m_empty->setAction({});
    if (!run) {
        m_empty->set(tr("No run is selected."), tr("A finished run can be exported as ONNX or safetensors and proven in OpenVINO."));
        return;
    }
    if (!usable) {
        m_empty->set(tr("This run has nothing to export yet."), tr("%1 · an export takes the last checkpoint of a run that has ended or is paused.").arg(subtitle(*run)));
        return;
    }
    m_run->setText(QString::fromStdString(run->name));
    const auto best = headline(*run);
    m_runFacts->setText(tr("%1 on %2 · %3%4").arg(QString::fromStdString(run->arch), QString::fromStdString(run->data), subtitle(*run), best ? QStringLiteral(" · ") + format::metric(*best) : QString()));
    const bool busy = m_asked.values().contains(m_context.selection.current());
    m_export->setEnabled(!busy);
    const QString failure = m_failures.value(m_context.selection.current());
    m_status->setText(busy ? tr("Exporting…") : failure);
    setTone(m_status, busy ? "muted" : "bad");
    m_status->setWordWrap(true);
    showProof();
}

void ExportPanel::begin() {
    const QString run = m_context.selection.current();
    const QString folder = QString::fromStdString((m_context.bridge.project() / "runs" / run.toStdString()).string());
    m_failures.remove(run);
    const qint64 id = m_context.bridge.questions().ask(QStringLiteral("export"), {{"ask", "export"}, {"run", folder}, {"format", m_format->currentData().toString()}, {"verify", true}});
    m_asked[id] = run;
    follow();
}

void ExportPanel::take(const QString& run, const QJsonObject& answer) {
    if (answer.value(QLatin1String("partial")).toBool()) {
        if (run == m_context.selection.current()) m_status->setText(answer.value(QLatin1String("text")).toString());
        return;
    }
    m_asked.remove(answer.value(QLatin1String("id")).toInteger());
    m_results[run] = answer;
    follow();
}

void ExportPanel::showProof() {
    const QJsonObject result = m_results.value(m_context.selection.current());
    m_proof->setVisible(!result.isEmpty());
    if (result.isEmpty()) return;
    const QJsonObject v = result.value(QLatin1String("verify")).toObject();
    const auto number = [&v](const char* key) { return v.value(QLatin1String(key)).toDouble(); };
    const bool ok = v.value(QLatin1String("ok")).toBool();
    m_file->setText(result.value(QLatin1String("file")).toString());
    m_verdict->setText((ok ? QStringLiteral("✓  ") : QStringLiteral("✗  ")) + v.value(QLatin1String("sentence")).toString());
    setTone(m_verdict, ok ? "good" : "bad");
    const bool accuracy = v.contains(QLatin1String("accuracy"));
    m_accuracy->setText(accuracy ? format::percent(number("accuracy"), 2) : QStringLiteral("–"));
    m_accuracyDetail->setText(accuracy ? tr("the run: %1, on %2 samples").arg(format::percent(number("source_accuracy"), 2), format::grouped(v.value(QLatin1String("samples")).toInteger())) : tr("no classes here"));
    m_difference->setText(QString::number(number("max_difference"), 'e', 1));
    m_differenceDetail->setText(tr("of a logit; the largest is %1. Same answer for %2").arg(format::value(number("largest_logit")), format::percent(number("agreement"), 1)));
    m_latency->setText(tr("%1 ms").arg(number("latency_ms"), 0, 'g', 3));
    m_latencyDetail->setText(tr("one sample, %1, %2").arg(v.value(QLatin1String("runtime")).toString(), v.value(QLatin1String("precision")).toString()));
    m_size->setText(format::bytes(result.value(QLatin1String("bytes")).toInteger()));
    m_sizeDetail->setText(result.contains(QLatin1String("opset")) ? tr("opset %1").arg(result.value(QLatin1String("opset")).toInt()) : QString());
}

}  // namespace headroom::ui
