// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/predict_panel.h"

#include <QCheckBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QJsonArray>
#include <QLineEdit>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QTimer>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/panels/data/sample_grid.h"
#include "ui/panels/predict/answers_card.h"
#include "ui/panels/predict/row_input.h"
#include "ui/panels/predict/run_card.h"
#include "ui/panels/predict/text_input.h"
#include "ui/panels/selection.h"
#include "ui/widgets/fillable_page.h"
#include "ui/widgets/problem_note.h"
#include "ui/widgets/scrolled.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8, kSettleMs = 250, kAnswersLeast = 180;
constexpr qsizetype kLookedAtOnce = 16, kAskedAtOnce = 256;

/// What another page has a use for is left to the window.
bool isForUs(const QString& path) {
    const QString suffix = path.section(QLatin1Char('/'), -1).section(QLatin1Char('.'), 1).section(QLatin1Char('.'), -1).toLower();
    return !suffix.isEmpty() && suffix != QLatin1String("json") && suffix != QLatin1String("onnx");
}

QStringList filesOf(const QMimeData& data) {
    QStringList paths;
    for (const QUrl& url : data.urls())
        if (url.isLocalFile() && isForUs(url.toLocalFile())) paths << url.toLocalFile();
    return paths;
}

Problem problemOf(const QJsonObject& error) {
    return {Severity::Error, error.value(QLatin1String("code")).toString(), {}, error.value(QLatin1String("message")).toString(PredictPanel::tr("It cannot be shown."))};
}

}  // namespace

PredictPanel::PredictPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_predictor(context.bridge.predictor()), m_run(new RunCard(context)), m_row(new RowInput),
      m_text(new TextInput), m_problem(new ProblemNote), m_answers(new AnswersCard), m_soon(new QTimer(this)) {
    setAcceptDrops(true);
    m_page = new FillablePage(filledPage(), this);
    m_soon->setSingleShot(true);
    m_soon->setInterval(kSettleMs);
    connect(m_soon, &QTimer::timeout, this, &PredictPanel::lookNext);
    connectBridge();
    connectInputs();
    follow();
}

QWidget* PredictPanel::filledPage() {
    auto* page = new QWidget;
    auto* rows = new QVBoxLayout(page);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kGap);
    rows->addWidget(m_run);
    rows->addWidget(m_problem);
    rows->addWidget(m_row);
    rows->addWidget(m_text, 3);
    rows->addWidget(m_answers, 2);
    m_answers->setMinimumHeight(kAnswersLeast);
    m_row->hide();
    m_text->hide();
    return scrolled(page);
}

void PredictPanel::connectBridge() {
    connect(&m_context.selection, &Selection::currentChanged, this, &PredictPanel::follow);
    connect(&m_context.selection, &Selection::runChanged, this, &PredictPanel::follow);
    connect(&m_context.bridge.exporter(), &Exporter::finished, this, &PredictPanel::follow);
    connect(&m_predictor, &Predictor::looked, this, &PredictPanel::take);
    connect(&m_predictor, &Predictor::answered, this, [this](qint64 id, const Predictions& found) {
        if (id != m_asked) return;
        m_asked = 0;
        if (m_inputs.isEmpty())
            m_answers->model().setAnswers(m_askedPaths, found.rows);
        else
            m_answers->model().replace(found.rows);
        m_answers->tell(found, m_known.exported);
        showAnswers();
        askNext();
    });
    connect(&m_predictor, &Predictor::failed, this, [this](qint64 id, const Problem& problem) {
        if (id == m_asked || id == m_generating) fail(problem);
    });
    connect(&m_predictor, &Predictor::written, this, [this](qint64 id, const QString& text, int tokens) {
        if (id == m_generating) m_text->write(text, tokens);
    });
    connect(&m_predictor, &Predictor::generated, this, [this](qint64 id, qint64 tokens, double seconds) {
        if (id != m_generating) return;
        m_generating = 0;
        m_text->finish(tokens, seconds);
    });
    WorkerQuestions& questions = m_context.bridge.questions();
    connect(&questions, &WorkerQuestions::answered, this, [this](qint64 id, const QString&, const QJsonObject& answer) {
        if (id == m_looking) takePictures(answer.value(QLatin1String("pictures")).toArray());
    });
    connect(&questions, &WorkerQuestions::failed, this, [this](qint64 id, const QString&, const Problem& problem) {
        if (id != m_looking) return;
        for (const QString& path : std::as_const(m_lookedAt)) m_answers->model().setProblem(path, problem);
        m_looking = 0;
        lookNext();
    });
}

void PredictPanel::connectInputs() {
    connect(m_page, &FillablePage::wanted, this, &Panel::wanted);
    connect(m_run, &RunCard::exportWanted, this, [this] { Q_EMIT wanted(QStringLiteral("page_export")); });
    connect(m_run, &RunCard::changed, this, &PredictPanel::askAgain);
    connect(m_row, &RowInput::asked, this, &PredictPanel::ask);
    connect(m_row, &RowInput::filesWanted, this, &PredictPanel::chooseFiles);
    connect(m_text, &TextInput::filesWanted, this, &PredictPanel::chooseFiles);
    connect(m_text, &TextInput::nextWanted, this, [this](const QString& text) { ask({text}); });
    connect(m_text, &TextInput::generateWanted, this, &PredictPanel::generate);
    connect(m_text, &TextInput::stopWanted, this, &PredictPanel::stop);
    connect(m_answers, &AnswersCard::firstWanted, this, &PredictPanel::first);
    connect(m_answers, &AnswersCard::picturesWanted, this, &PredictPanel::chooseFiles);
    connect(m_answers, &AnswersCard::againWanted, this, &PredictPanel::askAgain);
    connect(m_answers, &AnswersCard::clearWanted, this, [this] {
        if (m_asked) stop();
        m_inputs.clear();
        m_answers->model().clear();
        m_answers->forget();
        showAnswers();
    });
}

PlaceholderCard& PredictPanel::placeholder() { return m_page->placeholder(); }

void PredictPanel::follow() {
    const store::RunSummary* run = m_context.selection.run();
    if (!run) {
        stop();
        m_known = {};
        return m_page->say(tr("No run is selected."), tr("A run that learnt something can be asked about pictures, rows or texts, beside the file that it exported."), tr("Set up a run"), QStringLiteral("page_train"));
    }
    if (m_known.run != m_context.selection.current()) {
        stop();
        m_page->say(tr("Looking at the run…"), QString::fromStdString(run->name));
        if (isVisible()) m_predictor.look(m_context.selection.current());
    } else if (isVisible()) {
        m_predictor.look(m_known.run);
    }
}

void PredictPanel::showEvent(QShowEvent* event) {
    Panel::showEvent(event);
    follow();
}

void PredictPanel::take(const PredictableRun& found) {
    const store::RunSummary* run = m_context.selection.run();
    if (!run || found.run != m_context.selection.current()) return;
    if (found.run != m_known.run || found.kind != m_known.kind) enter(found);
    m_known = found;
    if (found.kind.isEmpty() || (!found.checkpoint && !found.best))
        return m_page->say(tr("This run has no checkpoint yet."), tr("%1 · %2. It can be asked once it has kept its first weights.").arg(QString::fromStdString(run->name), subtitle(*run)), tr("Show its curves"), QStringLiteral("page_train"));
    fill();
}

/// Pictures stay for the next run on pictures; rows and texts belong to one run's data.
void PredictPanel::enter(const PredictableRun& found) {
    stop();
    m_problem->clear();
    m_inputs.clear();
    m_answers->forget();
    m_text->clear();
    const bool pictures = found.kind == QLatin1String("pictures"), text = found.kind == QLatin1String("text");
    if (pictures && m_answers->model().hasPictures())
        m_answers->model().forgetAnswers();
    else
        m_answers->model().clear();
    m_row->setVisible(found.kind == QLatin1String("table"));
    m_text->setVisible(text);
    m_answers->setVisible(!text);
    m_answers->setKind(found.kind);
    m_row->set(found);
}

void PredictPanel::fill() {
    m_run->set(*m_context.selection.run(), m_known);
    if (!m_page->isFilled()) m_soon->start();
    m_page->fill();
}

/// What the empty list of answers offers.
void PredictPanel::first() {
    if (m_known.kind == QLatin1String("pictures")) return chooseFiles();
    m_row->line()->setText(m_known.typicalRow);
    ask({m_known.typicalRow});
}

void PredictPanel::chooseFiles() {
    const QString filter = m_known.kind == QLatin1String("pictures") ? tr("Pictures (*.png *.jpg *.jpeg *.PNG *.JPG *.JPEG)") : m_known.kind == QLatin1String("table") ? tr("Tables (*.csv *.tsv *.txt)") : tr("Texts (*)");
    auto* dialog = new QFileDialog(this, tr("Files to ask about"), {}, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &PredictPanel::acceptAll);
    dialog->open();
}

bool PredictPanel::accept(const QString& path) { return acceptAll({path}); }

bool PredictPanel::acceptAll(const QStringList& paths) {
    if (!m_page->isFilled() || paths.isEmpty()) return false;
    if (m_known.kind != QLatin1String("pictures")) return ask(paths), true;
    m_answers->model().addPictures(paths);
    lookNext();
    return true;
}

void PredictPanel::dragEnterEvent(QDragEnterEvent* event) {
    if (m_page->isFilled() && !filesOf(*event->mimeData()).isEmpty())
        event->acceptProposedAction();
    else
        event->ignore();
}

void PredictPanel::dropEvent(QDropEvent* event) { acceptAll(filesOf(*event->mimeData())); }

void PredictPanel::ask(const QStringList& inputs) {
    m_problem->clear();
    if (m_generating) m_text->abandon();
    m_generating = 0;
    if (m_known.kind != QLatin1String("pictures")) m_inputs = inputs;
    m_asked = m_predictor.ask({m_known.run, m_run->weights(), m_run->beside(), inputs});
    showBusy();
}

/// Of other weights or sides, or because the last time failed.
void PredictPanel::askAgain() {
    if (m_asked) stop();
    m_problem->clear();
    m_answers->forget();
    if (!m_inputs.isEmpty()) return ask(m_inputs);
    m_answers->model().forgetAnswers();
    lookNext();
}

void PredictPanel::lookNext() {
    if (m_looking) return showBusy();
    m_lookedAt = m_answers->model().unseen(kLookedAtOnce);
    if (m_lookedAt.isEmpty()) return askNext();
    m_looking = m_context.bridge.questions().ask(QStringLiteral("pictures to ask about"), {{"ask", "pictures"}, {"paths", QJsonArray::fromStringList(m_lookedAt)}});
    showBusy();
}

void PredictPanel::takePictures(const QJsonArray& found) {
    for (qsizetype i = 0; i < m_lookedAt.size(); ++i) {
        const QJsonObject picture = found.at(i).toObject();
        if (const auto tile = tileOf(picture))
            m_answers->model().setPicture(m_lookedAt[i], imageOf(*tile));
        else
            m_answers->model().setProblem(m_lookedAt[i], problemOf(picture.value(QLatin1String("error")).toObject()));
    }
    m_looking = 0;
    lookNext();
}

/// The pictures that nobody was asked about yet; those that come meanwhile follow.
void PredictPanel::askNext() {
    const bool pictures = m_known.kind == QLatin1String("pictures") && m_page->isFilled();
    if (pictures && !m_asked && !m_looking) {
        m_askedPaths = m_answers->model().unanswered(kAskedAtOnce);
        if (!m_askedPaths.isEmpty()) return ask(m_askedPaths);
    }
    showBusy();
}

void PredictPanel::generate() {
    m_problem->clear();
    m_asked = 0;
    m_text->begin();
    Predictor::Prompt prompt = m_text->prompt();
    prompt.run = m_known.run;
    prompt.weights = m_run->weights();
    m_generating = m_predictor.generate(prompt);
    showBusy();
}

void PredictPanel::stop() {
    if (m_asked || m_generating) m_predictor.stop();
    m_asked = m_generating = 0;
    m_text->abandon();
    showBusy();
}

void PredictPanel::fail(const Problem& problem) {
    if (m_asked && !m_inputs.isEmpty()) m_answers->model().clear();  // of another question
    m_asked = m_generating = 0;
    m_text->abandon();
    m_problem->set(problem);
    showAnswers();
    showBusy();
}

/// Beside a text they have no room until there is one.
void PredictPanel::showAnswers() { m_answers->setVisible(m_known.kind != QLatin1String("text") || m_answers->model().rowCount() > 0); }

void PredictPanel::showBusy() {
    QString what;
    if (m_looking) what = tr("Looking at the pictures…");
    if (m_asked) what = m_run->beside() ? tr("Asking run and exported file…") : tr("Asking the run…");
    m_answers->setBusy(what);
    m_text->nextButton()->setEnabled(!m_asked);
}

}  // namespace headroom::ui
