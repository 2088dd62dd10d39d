// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/row_input.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

#include "ui/bridge/prediction.h"
#include "ui/theme/theme.h"

namespace headroom::ui {

RowInput::RowInput(QWidget* parent)
    : Card({}, parent), m_line(new QLineEdit), m_ask(new QPushButton(tr("Ask"))), m_typical(new QPushButton(tr("Typical row"))), m_columns(toned({}, "muted")) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    head()->insertWidget(0, sectionHead(tr("Row")));
    auto* files = new QPushButton(tr("Open CSV…"));
    files->setToolTip(tr("Asks about every row of a CSV file; one can also be dropped here"));
    m_typical->setToolTip(tr("The median of each number and the commonest of each category in the training data"));
    head()->addWidget(m_typical);
    head()->addWidget(files);
    m_line->setFont(theme::figureFont(0.95));
    m_line->setAccessibleName(tr("Row"));
    m_line->setClearButtonEnabled(true);
    m_ask->setProperty("primary", true);
    m_ask->setEnabled(false);
    m_columns->setWordWrap(true);
    auto* row = new QHBoxLayout;
    row->addWidget(m_line, 1);
    row->addWidget(m_ask);
    body()->addLayout(row);
    body()->addWidget(m_columns);
    const auto ask = [this] {
        if (const QString text = m_line->text().trimmed(); !text.isEmpty()) Q_EMIT asked({text});
    };
    connect(m_line, &QLineEdit::textChanged, m_ask, [this](const QString& text) { m_ask->setEnabled(!text.trimmed().isEmpty()); });
    connect(m_line, &QLineEdit::returnPressed, this, ask);
    connect(m_ask, &QPushButton::clicked, this, ask);
    connect(m_typical, &QPushButton::clicked, this, [this] {
        m_line->setText(m_typicalRow);
        m_line->setFocus();
    });
    connect(files, &QPushButton::clicked, this, &RowInput::filesWanted);
}

void RowInput::set(const PredictableRun& run) {
    m_typicalRow = run.typicalRow;
    m_typical->setEnabled(!m_typicalRow.isEmpty());
    const QString first = run.columns.value(0, tr("column")), second = run.columns.value(1, tr("column"));
    m_line->setPlaceholderText(QStringLiteral("%1=…,%2=…").arg(first, second));
    m_columns->setText(tr("Columns: %1").arg(run.columns.join(QStringLiteral(", "))));
}

}  // namespace headroom::ui
