// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/problem_note.h"

#include <QLabel>
#include <QVBoxLayout>

namespace headroom::ui {

ProblemNote::ProblemNote(QWidget* parent) : QFrame(parent), m_text(new QLabel) {
    setObjectName(QStringLiteral("problemCard"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* rows = new QVBoxLayout(this);
    rows->addWidget(m_text);
    hide();
}

void ProblemNote::set(const Problem& problem) {
    m_text->setText(problem.code.isEmpty() ? problem.text : tr("%1 (%2)").arg(problem.text, problem.code));
    setAccessibleName(m_text->text());
    show();
}

QString ProblemNote::text() const { return m_text->text(); }

}  // namespace headroom::ui
