// SPDX-License-Identifier: GPL-3.0-or-later
#include <QPainter>
#include <QPainterPath>

#include "ui/bridge/format.h"
#include "ui/bridge/runs_model.h"
#include "ui/shell/run_list.h"
#include "ui/theme/theme.h"
#include "ui/widgets/chart_group.h"
#include "ui/widgets/sparkline.h"

namespace headroom::ui {
namespace {

constexpr int kHeight = 46, kState = 14, kLeft = 11, kText = 34, kSpark = 50, kFigure = 48, kGap = 8;
constexpr int kNameLeast = 110;  ///< a row that leaves less for the name has its curve below the figure

/// The parts of a row. Beside each other where there is room; else the curve stands below the figure.
struct Parts {
    QRect name, below, curve, figure;
};

Parts partsOf(const QRect& row, bool hasCurve) {
    const QRect text(row.left() + kText, row.top() + 6, row.width() - kText - kFigure - kGap - 2, 18);
    Parts parts{text, text.translated(0, 17), {}, QRect(row.right() - kFigure - 6, row.top(), kFigure, row.height())};
    if (!hasCurve) {
        parts.below.setWidth(text.width() + kFigure);
    } else if (text.width() - kSpark - kGap >= kNameLeast) {
        for (QRect* each : {&parts.name, &parts.below}) each->setWidth(text.width() - kSpark - kGap);
        parts.curve = QRect(parts.figure.left() - kSpark - 2, row.center().y() - 8, kSpark, 16);
    } else {
        parts.figure = QRect(parts.figure.left(), text.top(), kFigure, text.height());
        parts.curve = QRect(parts.figure.left() + 2, parts.below.top() + 3, kFigure - 2, 12);
    }
    return parts;
}

double shareOf(const store::RunSummary& run) {
    return run.progress.totalSteps > 0 ? static_cast<double>(run.progress.step) / static_cast<double>(run.progress.totalSteps) : 0;
}

void paintGround(QPainter& painter, const QStyleOptionViewItem& option) {
    const Tokens& t = theme::tokens();
    const QRectF area = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5);
    const bool selected = option.state & QStyle::State_Selected, hovered = option.state & QStyle::State_MouseOver;
    if (!selected && !hovered) return;
    QPainterPath round;
    round.addRoundedRect(area, 6, 6);
    painter.fillPath(round, selected ? t.raised : blended(t.raised, t.panel, 0.5));
    if (!selected) return;
    painter.save();
    painter.setClipPath(round);
    painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), t.accent);
    painter.restore();
    if (option.state & QStyle::State_HasFocus) {
        painter.setPen(QPen(t.accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawPath(round);
    }
}

}  // namespace

QSize RunDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const { return {100, kHeight}; }

void RunDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const auto& runs = static_cast<const RunsModel*>(static_cast<const QSortFilterProxyModel*>(index.model())->sourceModel())->all();
    const store::RunSummary& run = runs[static_cast<std::size_t>(static_cast<const QSortFilterProxyModel*>(index.model())->mapToSource(index).row())];
    const Tokens& t = theme::tokens();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    paintGround(*painter, option);
    const QRect& r = option.rect;
    paintState(*painter, QRectF(r.left() + kLeft, r.center().y() - kState / 2 + 1, kState, kState), run.state, shareOf(run));

    const bool curve = run.sparkline.size() > 1;
    const Parts parts = partsOf(r, curve);
    painter->setFont(theme::textFont(1.0, QFont::DemiBold));
    painter->setPen(t.text);
    const QString text = (run.pinned ? QStringLiteral("★ ") : QString()) + QString::fromStdString(run.name);
    painter->drawText(parts.name, Qt::AlignVCenter, painter->fontMetrics().elidedText(text, Qt::ElideRight, parts.name.width()));
    painter->setFont(theme::textFont(0.85));
    painter->setPen(t.muted);
    painter->drawText(parts.below, Qt::AlignVCenter, painter->fontMetrics().elidedText(subtitle(run), Qt::ElideRight, parts.below.width()));

    const int series = index.data(RunsModel::SeriesRole).toInt();
    if (curve) paintSparkline(*painter, parts.curve, run.sparkline, seriesColour(series));
    painter->setFont(theme::figureFont(0.95));
    painter->setPen(t.text);
    const auto figure = headline(run);
    painter->drawText(parts.figure, Qt::AlignRight | Qt::AlignVCenter, figure ? format::metric(*figure) : QStringLiteral("–"));
    painter->restore();
}

void RunDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex&) const {
    editor->setGeometry(option.rect.adjusted(kText - 8, 6, -6, -6));
}

}  // namespace headroom::ui
