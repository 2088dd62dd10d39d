// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/problem_note.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

namespace headroom::ui {

ProblemNote::ProblemNote(QWidget* parent) : QFrame(parent), m_text(new QLabel) {
    setObjectName(QStringLiteral("problemCard"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* close = new QToolButton;
    close->setText(QStringLiteral("×"));
    close->setToolTip(tr("Hide this"));
    close->setAccessibleName(tr("Hide the problem"));
    close->setFocusPolicy(Qt::StrongFocus);
    auto* row = new QHBoxLayout(this);
    row->addWidget(m_text, 1);
    row->addWidget(close, 0, Qt::AlignTop);
    connect(close, &QToolButton::clicked, this, &ProblemNote::clear);
    hide();
}

void ProblemNote::set(const Problem& problem) {
    m_text->setText(sentence(problem));
    setAccessibleName(m_text->text());
    show();
}

QString ProblemNote::text() const { return m_text->text(); }

}  // namespace headroom::ui
