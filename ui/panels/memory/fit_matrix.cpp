// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/fit_matrix.h"

#include <QPainter>
#include <QPainterPath>

#include "ui/bridge/format.h"
#include "ui/panels/memory/fit_list.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

FitMatrix::State stateOf(const plan::MatrixCell& cell) {
    if (!cell.fits) return FitMatrix::State::Not;
    return cell.microBatches == 1 ? FitMatrix::State::AtOnce : FitMatrix::State::InParts;
}

QString detailOf(const plan::MatrixCell& cell) {
    switch (stateOf(cell)) {
        case FitMatrix::State::AtOnce: return FitMatrix::tr("at once");
        case FitMatrix::State::InParts: return FitMatrix::tr("%1 × %2").arg(cell.microBatches).arg(cell.microBatch);
        case FitMatrix::State::Not: return FitMatrix::tr("too large");
    }
    return {};
}

QString signOf(FitMatrix::State state) {
    return state == FitMatrix::State::AtOnce ? QStringLiteral("✓") : state == FitMatrix::State::InParts ? QStringLiteral("÷") : QStringLiteral("✗");
}

QColor toneOf(FitMatrix::State state) {
    const Tokens& t = theme::tokens();
    return state == FitMatrix::State::AtOnce ? t.good : state == FitMatrix::State::InParts ? t.warning : t.bad;
}

QString sentenceOf(const plan::MatrixCell& cell, const QString& title) {
    const QString batch = format::grouped(cell.batch), peak = format::bytes(cell.peak);
    switch (stateOf(cell)) {
        case FitMatrix::State::AtOnce: return FitMatrix::tr("%1, batch %2: fits at once, peak %3").arg(title, batch, peak);
        case FitMatrix::State::InParts: return FitMatrix::tr("%1, batch %2: fits as %3 micro-batches of %4, peak %5").arg(title, batch).arg(cell.microBatches).arg(cell.microBatch).arg(peak);
        case FitMatrix::State::Not: return FitMatrix::tr("%1, batch %2: does not fit, needs %3").arg(title, batch, peak);
    }
    return {};
}

bool sameShape(const FitAnswerPtr& a, const FitAnswerPtr& b) {
    if (!a || !b || a->matrix.batches != b->matrix.batches || a->matrix.rows.size() != b->matrix.rows.size()) return false;
    return std::ranges::equal(a->matrix.rows, b->matrix.rows, {}, &plan::MatrixRow::techniques, &plan::MatrixRow::techniques);
}

}  // namespace

void FitMatrix::set(const FitAnswerPtr& answer) {
    if (sameShape(m_answer, answer)) {
        m_answer = answer;
        if (rowCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_answer = answer;
    endResetModel();
}

const plan::MatrixCell& FitMatrix::cell(const QModelIndex& index) const {
    return m_answer->matrix.rows[static_cast<std::size_t>(index.row())].cells[static_cast<std::size_t>(index.column())];
}

config::RunConfig FitMatrix::configOf(const QModelIndex& index) const {
    return plan::configOf(m_answer->question, m_answer->matrix.rows[static_cast<std::size_t>(index.row())], cell(index));
}

QString FitMatrix::rowTitle(int row) const {
    const plan::TechniqueSet& techniques = m_answer->matrix.rows[static_cast<std::size_t>(row)].techniques;
    if (techniques.empty()) return tr("As configured");
    return techniques.size() == 1 ? techniquesText(techniques) : tr("All together");
}

QVariant FitMatrix::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const plan::MatrixCell& each = cell(index);
    switch (role) {
        case Qt::DisplayRole: return format::bytes(each.peak);
        case DetailRole: return detailOf(each);
        case StateRole: return static_cast<int>(stateOf(each));
        case CurrentRole: return index.row() == 0 && each.batch == m_answer->question.config.train.batchSize;
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole: return sentenceOf(each, rowTitle(index.row()));
        default: return {};
    }
}

QVariant FitMatrix::headerData(int section, Qt::Orientation orientation, int role) const {
    if (!m_answer) return {};
    if (orientation == Qt::Horizontal) {
        if (role == Qt::TextAlignmentRole) return static_cast<int>(Qt::AlignCenter);
        return role == Qt::DisplayRole ? QVariant(format::grouped(m_answer->matrix.batches[static_cast<std::size_t>(section)])) : QVariant();
    }
    if (role == Qt::TextAlignmentRole) return static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) return techniquesText(m_answer->matrix.rows[static_cast<std::size_t>(section)].techniques);
    return role == Qt::DisplayRole ? QVariant(rowTitle(section)) : QVariant();
}

QSize MatrixDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const { return {84, 40}; }

void MatrixDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Tokens& t = theme::tokens();
    const auto state = static_cast<FitMatrix::State>(index.data(FitMatrix::StateRole).toInt());
    const QColor tone = toneOf(state);
    const bool hovered = option.state & QStyle::State_MouseOver, focused = option.state & QStyle::State_HasFocus;
    const QRectF field = QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    QPainterPath round;
    round.addRoundedRect(field, 5, 5);
    painter->fillPath(round, blended(tone, t.panel, hovered ? 0.26 : 0.14));
    if (focused || index.data(FitMatrix::CurrentRole).toBool()) {
        painter->setPen(QPen(focused ? t.accent : t.text, focused ? 2 : 1));
        painter->drawPath(round);
    }
    const QRectF upper = field.adjusted(7, 3, -7, -field.height() / 2 + 1), lower = field.adjusted(7, field.height() / 2 - 1, -7, -3);
    painter->setFont(theme::figureFont(0.88));
    painter->setPen(t.text);
    painter->drawText(upper, Qt::AlignRight | Qt::AlignVCenter, index.data().toString());
    painter->setFont(theme::textFont(0.8));
    painter->setPen(tone);
    painter->drawText(upper, Qt::AlignLeft | Qt::AlignVCenter, signOf(state));
    painter->setPen(t.muted);
    painter->drawText(lower, Qt::AlignRight | Qt::AlignVCenter, index.data(FitMatrix::DetailRole).toString());
    painter->restore();
}

}  // namespace headroom::ui
