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

constexpr int kHeight = 46, kState = 14, kLeft = 11, kText = 34, kSpark = 50, kFigure = 48;

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
    const int right = kFigure + (curve ? kSpark + 8 : 0) + 10;
    const QRect name(r.left() + kText, r.top() + 6, r.width() - kText - right, 18), below = name.translated(0, 17);
    painter->setFont(theme::textFont(1.0, QFont::DemiBold));
    painter->setPen(t.text);
    const QString text = (run.pinned ? QStringLiteral("★ ") : QString()) + QString::fromStdString(run.name);
    painter->drawText(name, Qt::AlignVCenter, painter->fontMetrics().elidedText(text, Qt::ElideRight, name.width()));
    painter->setFont(theme::textFont(0.85));
    painter->setPen(t.muted);
    const int room = below.width() + (curve ? 0 : kFigure);
    painter->drawText(below.adjusted(0, 0, room - below.width(), 0), Qt::AlignVCenter, painter->fontMetrics().elidedText(subtitle(run), Qt::ElideRight, room));

    const int series = index.data(RunsModel::SeriesRole).toInt();
    if (curve) paintSparkline(*painter, QRectF(r.right() - kFigure - kSpark - 8, r.center().y() - 8, kSpark, 16), run.sparkline, seriesColour(series));
    painter->setFont(theme::figureFont(0.95));
    painter->setPen(t.text);
    const auto figure = headline(run);
    painter->drawText(QRect(r.right() - kFigure - 6, r.top(), kFigure, r.height()), Qt::AlignRight | Qt::AlignVCenter, figure ? format::metric(*figure) : QStringLiteral("–"));
    painter->restore();
}

void RunDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex&) const {
    editor->setGeometry(option.rect.adjusted(kText - 8, 6, -6, -6));
}

}  // namespace headroom::ui
