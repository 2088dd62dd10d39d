// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/answers_card.h"

#include <QHBoxLayout>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

bool isUnverified(const QString& file) { return file.contains(QLatin1String(".unverified.")); }

}  // namespace

AnswersCard::AnswersCard(QWidget* parent)
    : Card({}, parent), m_pages(new QStackedWidget), m_empty(new PlaceholderCard({}, {})), m_view(new AnswersView), m_status(toned({}, "muted")), m_open(new QPushButton(tr("Open pictures…"))),
      m_again(new QPushButton(tr("Ask again"))), m_clear(new QPushButton(tr("Clear"))) {
    head()->insertWidget(0, sectionHead(tr("Answers")));
    head()->insertWidget(1, m_status);
    for (QPushButton* button : {m_open, m_again, m_clear}) head()->addWidget(button);
    m_open->setToolTip(tr("PNG or JPEG files; they can also be dropped here"));
    m_pages->addWidget(m_empty);
    m_pages->addWidget(m_view);
    body()->addWidget(m_pages, 1);
    connect(m_empty, &PlaceholderCard::triggered, this, &AnswersCard::firstWanted);
    connect(m_open, &QPushButton::clicked, this, &AnswersCard::picturesWanted);
    connect(m_again, &QPushButton::clicked, this, &AnswersCard::againWanted);
    connect(m_clear, &QPushButton::clicked, this, &AnswersCard::clearWanted);
    for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) connect(&m_view->model(), signal, this, &AnswersCard::follow);
    follow();
}

void AnswersCard::setKind(const QString& kind) {
    m_pictures = kind == QLatin1String("pictures");
    if (m_pictures) {
        m_empty->set(tr("Drop pictures here."), tr("PNG or JPEG, several at once. Each is cut and scaled to what the net takes, as its training pictures were, and answered beside its name."));
        m_empty->setAction(tr("Open pictures…"));
    } else {
        m_empty->set(tr("No row was asked about yet."), tr("Write one above, drop a CSV file, or begin with what is typical of the training data."));
        m_empty->setAction(tr("Ask about a typical row"));
    }
    follow();
}

void AnswersCard::setBusy(const QString& what) {
    m_busy = what;
    follow();
}

void AnswersCard::tell(const Predictions& answers, const QString& exported) {
    m_difference = std::max(m_difference, answers.largestDifference);
    m_last = answers;
    m_last.rows.clear();
    m_exported = exported;
    follow();
}

void AnswersCard::forget() {
    m_last = {};
    m_difference = 0;
    follow();
}

void AnswersCard::follow() {
    const bool any = model().rowCount() > 0;
    const int answered = model().answeredCount();
    m_pages->setCurrentIndex(any ? 1 : 0);
    m_open->setVisible(any && m_pictures);
    m_again->setVisible(any);
    m_again->setEnabled(m_busy.isEmpty());
    m_clear->setVisible(any);
    QStringList words;
    if (answered > 0) words << format::count(answered, tr("answer"), tr("answers"));
    if (answered > 0 && m_last.beside) words << tr("largest difference %1").arg(format::value(m_difference));
    m_status->setText(m_busy.isEmpty() ? words.join(QStringLiteral(" · ")) : m_busy);
    if (!m_last.beside) return m_view->setSides({tr("Run"), {}, {}}, {});
    m_view->setSides({tr("Run"), format::shortTime(m_last.runMs / 1000), tr("a sample, median")},
                     {isUnverified(m_exported) ? tr("Exported file, unverified") : tr("Exported file"), format::shortTime(m_last.fileMs / 1000),
                      tr("a sample, median · %1, %2").arg(m_last.runtime, m_last.precision)});
}

}  // namespace headroom::ui
