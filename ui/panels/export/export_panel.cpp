// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/export/export_panel.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/format.h"
#include "ui/panels/run_words.h"
#include "ui/panels/selection.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/fillable_page.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8;

QString snippet(const QString& file) {
    return QStringLiteral("import openvino\nmodel = openvino.Core().compile_model(\"%1\", \"CPU\")\nlogits = model(samples)[0]\n").arg(file);
}

QString helpOf(const QString& format) {
    if (format == QLatin1String("onnx"))
        return ExportPanel::tr("One file for OpenVINO, ONNX Runtime and others. The batch is free; run, classes and the scaling of the inputs are written into it.");
    if (format == QLatin1String("adapter"))
        return ExportPanel::tr("The low-rank updates alone, a new head with them, as PEFT reads them: of runs with model.lora.rank.");
    return ExportPanel::tr("The weights by name with config.json, labels.txt and a model card, as Hugging Face lays them out.");
}

}  // namespace

ExportPanel::ExportPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_run(new QLabel), m_runFacts(toned({}, "muted")), m_formatHelp(toned({}, "muted")),
      m_status(toned({}, "muted")), m_format(new QComboBox), m_export(new QPushButton(tr("Export and verify"))), m_show(new QPushButton(tr("Show in folder"))), m_copy(new QPushButton(tr("Copy Python snippet"))),
      m_verdict(new QLabel), m_file(toned({}, "muted")) {
    auto* filled = new QWidget;
    auto* rows = new QVBoxLayout(filled);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    rows->addWidget(formatCard());
    rows->addWidget(m_proof = proofCard());
    rows->addStretch();
    m_page = new FillablePage(filled, this);
    connect(m_page, &FillablePage::wanted, this, &Panel::wanted);
    connect(&context.selection, &Selection::currentChanged, this, &ExportPanel::follow);
    connect(&context.selection, &Selection::runChanged, this, &ExportPanel::follow);
    Exporter& exporter = context.bridge.exporter();
    connect(&context.selection, &Selection::currentChanged, &exporter, &Exporter::load, Qt::DirectConnection);
    connect(&exporter, &Exporter::report, this, [this](const QString& run, const QJsonObject& report) {
        m_reports[run] = report;
        follow();
    });
    connect(&exporter, &Exporter::finished, this, [this](const QString& run) {
        m_busy.removeAll(run);
        follow();
    });
    connect(&exporter, &Exporter::failed, this, [this](const QString& run, const Problem& problem) {
        m_failures[run] = sentence(problem);
        m_busy.removeAll(run);
        follow();
    });
    follow();
}

Card* ExportPanel::formatCard() {
    auto* card = new Card;
    card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    m_run->setFont(theme::textFont(1.35, QFont::DemiBold));
    card->head()->insertWidget(0, m_run);
    card->body()->addWidget(m_runFacts);
    m_format->addItem(tr("ONNX"), QStringLiteral("onnx"));
    m_format->addItem(tr("safetensors"), QStringLiteral("safetensors"));
    m_format->addItem(tr("Adapter"), QStringLiteral("adapter"));
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
    const auto help = [this] { m_formatHelp->setText(helpOf(m_format->currentData().toString())); };
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
    card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    card->head()->insertWidget(0, sectionHead(tr("Proof")));
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
    if (!run) return m_page->say(tr("No run is selected."), tr("A finished run can be exported as ONNX or safetensors and proven in OpenVINO."), tr("Set up a run"), QStringLiteral("page_train"));
    if (!usable)
        return m_page->say(tr("This run has nothing to export yet."), tr("%1 · an export takes the last checkpoint of a run that has ended or is paused.").arg(subtitle(*run)), tr("Show its curves"), QStringLiteral("page_train"));
    m_page->fill();
    m_run->setText(QString::fromStdString(run->name));
    m_runFacts->setText(runWords(*run));
    const bool busy = m_busy.contains(m_context.selection.current());
    m_export->setEnabled(!busy);
    const QString failure = m_failures.value(m_context.selection.current());
    m_status->setText(busy ? tr("Exporting…") : failure);
    setTone(m_status, busy ? "muted" : "bad");
    m_status->setWordWrap(true);
    showProof();
}

void ExportPanel::begin() {
    const QString run = m_context.selection.current();
    m_failures.remove(run);
    m_busy << run;
    m_context.bridge.exporter().exportRun(run, m_format->currentData().toString());
    follow();
}

/// What the file itself reaches, measured by another runtime, beside what the run's own net reaches.
void ExportPanel::showQuality(const QJsonObject& report, const QJsonObject& proof) {
    const QJsonObject source = report.value(QLatin1String("source")).toObject();
    const QString number = format::grouped(report.value(QLatin1String("samples")).toInteger()), instead = report.value(QLatin1String("instead")).toString();
    const QString samples = instead.isEmpty() ? number : tr("%1 kept").arg(number);
    if (proof.contains(QLatin1String("miou"))) {
        m_accuracy->setText(format::percent(proof.value(QLatin1String("miou")).toDouble(), 2));
        m_accuracyDetail->setText(tr("mean IoU; the run's own net: %1. On %2 samples").arg(format::percent(source.value(QLatin1String("miou")).toDouble(), 2), samples));
    } else if (proof.contains(QLatin1String("accuracy"))) {
        m_accuracy->setText(format::percent(proof.value(QLatin1String("accuracy")).toDouble(), 2));
        m_accuracyDetail->setText(tr("accuracy; the run's own net: %1. On %2 samples").arg(format::percent(source.value(QLatin1String("accuracy")).toDouble(), 2), samples));
    } else {
        m_accuracy->setText(format::metric(proof.value(QLatin1String("r2")).toDouble()));
        m_accuracyDetail->setText(tr("R²; the run's own net: %1. On %2 samples").arg(format::metric(source.value(QLatin1String("r2")).toDouble()), samples));
    }
    m_difference->setText(format::value(report.value(QLatin1String("largest_difference")).toVariant().toDouble()));  // "inf" where outputs are no numbers
    m_differenceDetail->setText(tr("of a logit; the largest is %1. Other answers: %2").arg(format::value(report.value(QLatin1String("largest_logit")).toDouble())).arg(report.value(QLatin1String("flipped")).toInt()));
}

void ExportPanel::showProof() {
    const QJsonObject report = m_reports.value(m_context.selection.current());
    m_proof->setVisible(!report.isEmpty());
    if (report.isEmpty()) return;
    const QJsonObject proof = report.value(QLatin1String("f32")).toObject();
    const bool proven = report.contains(QLatin1String("verified")), ok = report.value(QLatin1String("verified")).toBool();
    const QJsonObject file = report.value(QLatin1String("files")).toArray().first().toObject();
    m_file->setText(QDir(report.value(QLatin1String("folder")).toString()).filePath(file.value(QLatin1String("name")).toString()));
    m_verdict->setText(!proven ? tr("Written. The weights are those of the run, byte for byte; other runtimes do not open this format.")
                       : ok    ? tr("✓  %1 opened the file and agrees with the run: same answers, differences below 1e-4 of the largest logit.").arg(proof.value(QLatin1String("runtime")).toString())
                               : tr("✗  The file differs from the run by more than 1e-4 of the largest logit. It is kept as model.unverified.onnx."));
    if (const QString instead = report.value(QLatin1String("instead")).toString(); proven && !instead.isEmpty())
        m_verdict->setText(tr("%1 Proven on the %2 samples that the run keeps: %3.").arg(m_verdict->text(), format::grouped(report.value(QLatin1String("samples")).toInteger()), instead));
    setTone(m_verdict, ok || !proven ? "good" : "bad");
    for (QWidget* block : {m_accuracy->parentWidget(), m_difference->parentWidget(), m_latency->parentWidget()}) block->setVisible(proven);
    m_copy->setVisible(proven);
    if (proven) showQuality(report, proof);
    const QJsonObject latency = proof.value(QLatin1String("latency")).toArray().first().toObject();
    m_latency->setText(tr("%1 ms").arg(latency.value(QLatin1String("p50_ms")).toDouble(), 0, 'g', 3));
    m_latencyDetail->setText(tr("batch %1, %2, %3, median").arg(latency.value(QLatin1String("batch")).toInt()).arg(format::count(latency.value(QLatin1String("threads")).toInt(), tr("thread"), tr("threads")), proof.value(QLatin1String("precision")).toString()));
    m_size->setText(format::bytes(file.value(QLatin1String("bytes")).toInteger()));
    m_sizeDetail->setText(file.value(QLatin1String("name")).toString());
}

}  // namespace headroom::ui
