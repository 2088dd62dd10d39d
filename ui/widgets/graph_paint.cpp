// SPDX-License-Identifier: GPL-3.0-or-later
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/graph_view.h"
#include "ui/widgets/kinds.h"

namespace headroom::ui {
namespace {

constexpr double kFine = 0.45;        ///< scale from which lines are curved and smooth
constexpr double kWordsFrom = 12;     ///< height of a node on the screen from which its operator can be read
constexpr double kAllWordsFrom = 27;  ///< and its second line
constexpr double kWordsShare = 0.049; ///< of the text size that a line takes for a pixel of the height
constexpr double kTitleHeight = 24;
constexpr double kHidesMost = 0.2;  ///< of what lies below the legend, where it can be done without
constexpr double kLegend = 168, kLegendRow = 17, kRampRows = 2.2;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

QColor familyColour(Family family) {
    const Tokens& t = theme::tokens();
    switch (family) {
        case Family::Convolution: return t.series[0];
        case Family::Product: return t.series[5];
        case Family::Normalization: return t.series[2];
        case Family::Activation: return t.series[1];
        case Family::Pooling: return t.series[3];
        case Family::Arithmetic: return t.series[4];
        case Family::Movement: return t.faint;
        case Family::Ends: return t.muted;
    }
    return t.faint;
}

/// Small figures are told apart too: the colour goes with the root.
QColor rampColour(double share) {
    const Tokens& t = theme::tokens();
    return blended(t.series[1], t.raised, 0.06 + 0.94 * std::sqrt(std::clamp(share, 0.0, 1.0)));
}

QColor standingColour(graph::Standing standing, bool isSecond) {
    const Tokens& t = theme::tokens();
    if (standing == graph::Standing::Changed) return t.warning;
    if (standing == graph::Standing::Alone) return isSecond ? t.good : t.bad;
    return t.faint;
}

QString standingSign(graph::Standing standing, bool isSecond) {
    if (standing == graph::Standing::Changed) return QStringLiteral("~ ");
    if (standing == graph::Standing::Alone) return isSecond ? QStringLiteral("+ ") : QStringLiteral("− ");
    return {};
}

/// A round box in pixels, or a plain one where corners cannot be seen.
void paintBox(QPainter& painter, const QRectF& area, double radius, const QColor& fill, const QPen& pen) {
    painter.setPen(pen);
    painter.setBrush(fill);
    radius < 1.2 ? painter.drawRect(area) : painter.drawRoundedRect(area, radius, radius);
}

/// A flake of snow: it stays as it is.
void paintFlake(QPainter& painter, const QRectF& area, const QColor& ink) {
    painter.setPen(QPen(ink, std::max(1.0, area.width() * 0.11)));
    const QPointF centre = area.center();
    for (const double angle : {0.0, 60.0, 120.0}) {
        const QPointF arm = QLineF::fromPolar(area.width() / 2, angle + 30).p2();
        painter.drawLine(centre - arm, centre + arm);
    }
}

/// Two narrow matrices, whose product is the update.
void paintUpdate(QPainter& painter, const QRectF& area, const QColor& ink) {
    const double thin = area.width() * 0.3;
    painter.fillRect(QRectF(area.left(), area.top(), thin, area.height()), ink);
    painter.fillRect(QRectF(area.left() + thin * 1.5, area.top(), area.width() - thin * 1.5, thin), ink);
}

QString elided(const QPainter& painter, const QString& text, double width) { return painter.fontMetrics().elidedText(text, Qt::ElideRight, static_cast<int>(width)); }

}  // namespace

double GraphView::shareOf(const LayoutItem& item) const {
    if (m_most <= 0 || item.what == LayoutItem::What::Frame) return 0;
    const plan::NodeFigures& figures = item.what == LayoutItem::What::Node ? m_scene->nodes[at(item.index)].figures : m_scene->blocks[at(item.index)].figures;
    return figureOf(m_colouring, figures) / m_most;
}

bool GraphView::isFrozen(const LayoutItem& item) const {
    return (item.what == LayoutItem::What::Node ? m_scene->nodes[at(item.index)].learning : m_scene->blocks[at(item.index)].learning) == Learning::Frozen;
}

/// The colour that says something about the item; of blocks and by family there is none but their own.
QColor GraphView::fillOf(const LayoutItem& item) const {
    const Tokens& t = theme::tokens();
    if (m_colouring == Colouring::Difference) {
        const bool isNode = item.what == LayoutItem::What::Node;
        const graph::Standing standing = isNode ? m_scene->nodes[at(item.index)].standing : m_scene->blocks[at(item.index)].standing;
        const bool isSecond = isNode && m_scene->nodes[at(item.index)].isSecond;
        return standing == graph::Standing::Same ? t.panel : blended(standingColour(standing, isSecond), t.panel, 0.3);
    }
    if (m_colouring != Colouring::Family) return rampColour(shareOf(item));
    if (item.what != LayoutItem::What::Node) return isFrozen(item) ? blended(t.raised, t.panel, 0.3) : t.raised;
    return blended(familyColour(m_scene->nodes[at(item.index)].family), t.panel, isFrozen(item) ? 0.05 : 0.16);
}

QColor GraphView::lineOf(const LayoutItem& item) const {
    const Tokens& t = theme::tokens();
    const bool isNode = item.what == LayoutItem::What::Node;
    if (m_colouring == Colouring::Difference) return isNode ? standingColour(m_scene->nodes[at(item.index)].standing, m_scene->nodes[at(item.index)].isSecond) : standingColour(m_scene->blocks[at(item.index)].standing, false);
    if (!isNode || m_colouring != Colouring::Family) return blended(t.muted, t.panel, 0.5);
    return blended(familyColour(m_scene->nodes[at(item.index)].family), t.panel, isFrozen(item) ? 0.3 : 0.55);
}

QString GraphView::secondLine(const LayoutItem& item) const {
    const bool isNode = item.what == LayoutItem::What::Node;
    const plan::NodeFigures& figures = isNode ? m_scene->nodes[at(item.index)].figures : m_scene->blocks[at(item.index)].figures;
    if (m_colouring == Colouring::Difference && isNode) return standingText(m_scene->nodes[at(item.index)].standing, m_scene->nodes[at(item.index)].isSecond);
    if (m_colouring != Colouring::Family && m_colouring != Colouring::Difference) {
        const double figure = figureOf(m_colouring, figures);
        return figure > 0 ? figureText(m_colouring, figure) : QStringLiteral("–");
    }
    if (isNode) return m_scene->nodes[at(item.index)].shape;
    const QString nodes = format::count(m_scene->blocks[at(item.index)].nodes, tr("node"), tr("nodes"));
    return figures.parameters > 0 ? nodes + QStringLiteral(" · ") + figureText(Colouring::Parameters, static_cast<double>(figures.parameters)) : nodes;
}

void GraphView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const QRectF view = rect();
    if (!m_scene || m_layout.items.empty()) return;
    const QRectF inSight = seen();
    std::vector<int> items, edges;
    gather(inSight, items, edges);
    painter.setRenderHint(QPainter::Antialiasing, m_scale >= kFine);
    paintFrames(painter, inSight);
    paintEdges(painter, edges, inSight);
    paintItems(painter, items, inSight);
    paintMarks(painter);
    paintLegend(painter);
    if (!hasFocus()) return;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme::tokens().accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(view.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
}

void GraphView::paintFrames(QPainter& painter, const QRectF& inSight) {
    const Tokens& t = theme::tokens();
    for (const int index : m_frames) {
        const LayoutItem& item = m_layout.items[at(index)];
        if (!item.area.intersects(inSight)) continue;
        const QRectF area(toView(item.area.topLeft()), item.area.size() * m_scale);
        if (area.height() < 3) continue;
        const SceneBlock& block = m_scene->blocks[at(item.index)];
        const QColor ground = blended(t.raised, t.panel, block.depth % 2 == 1 ? 0.55 : 0.15);
        paintBox(painter, area, 10 * m_scale, ground, QPen(t.line, 1));
        if (kTitleHeight * m_scale < 11) continue;
        painter.setFont(theme::textFont(std::clamp(m_scale, 0.6, 1.0) * 0.9, QFont::DemiBold));
        painter.setPen(t.muted);
        const QRectF title = area.adjusted(10 * m_scale, 3 * m_scale, -10 * m_scale, 0);
        painter.drawText(QRectF(title.left(), title.top(), title.width(), kTitleHeight * m_scale), Qt::AlignLeft | Qt::AlignVCenter,
                         QStringLiteral("▾ ") + elided(painter, block.name, title.width() - 18));
        if (block.learning == Learning::Frozen) paintTraining(painter, item, area, t.muted);
    }
}

void GraphView::paintEdges(QPainter& painter, const std::vector<int>& edges, const QRectF&) {
    if (m_scale * kNodeHeight < 1.5) return;
    const Tokens& t = theme::tokens();
    const QColor quiet = blended(t.muted, t.panel, m_scale >= kFine ? 0.75 : 0.5);
    const auto chosen = chosenItem();
    QVector<QLineF> straight, marked;
    QPainterPath path, markedPath;
    for (const int index : edges) {
        const LayoutEdge& edge = m_layout.edges[at(index)];
        const bool isMarked = chosen && (edge.from == *chosen || edge.to == *chosen);
        QPointF before = toView(m_layout.points[at(edge.first)]);
        if (m_scale < kFine) {
            if (edge.area.height() * m_scale < 1.5 && edge.area.width() * m_scale < 1.5) continue;
            for (int i = 1; i < edge.count; ++i) {
                const QPointF next = toView(m_layout.points[at(edge.first + i)]);
                (isMarked ? marked : straight) << QLineF(before, next);
                before = next;
            }
            continue;
        }
        QPainterPath& into = isMarked ? markedPath : path;
        into.moveTo(before);
        for (int i = 1; i < edge.count; ++i) {
            const QPointF next = toView(m_layout.points[at(edge.first + i)]);
            const double bend = std::clamp(std::abs(next.y() - before.y()) * 0.5, 6 * m_scale, 46 * m_scale);
            if (std::abs(next.x() - before.x()) < 0.5) into.lineTo(next);
            else into.cubicTo(before + QPointF(0, bend), next - QPointF(0, bend), next);
            before = next;
        }
        // The head of the arrow.
        const double wide = 3.4 * m_scale, high = 6 * m_scale;
        into.moveTo(before + QPointF(-wide, -high));
        into.lineTo(before);
        into.lineTo(before + QPointF(wide, -high));
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(quiet, 1));
    m_scale < kFine ? painter.drawLines(straight) : painter.drawPath(path);
    painter.setPen(QPen(t.accent, m_scale < kFine ? 1 : 1.6));
    m_scale < kFine ? painter.drawLines(marked) : painter.drawPath(markedPath);
}

void GraphView::paintItems(QPainter& painter, const std::vector<int>& items, const QRectF&) {
    QRect last;
    QColor lastFill;
    for (const int index : items) {
        const LayoutItem& item = m_layout.items[at(index)];
        const QRectF area(toView(item.area.topLeft()), item.area.size() * m_scale);
        if (area.height() >= 6) {
            paintItem(painter, item, area);
            continue;
        }
        // Smaller than that it is a patch of colour; what would fall on the same pixels is left out.
        const QRect patch(qRound(area.left()), qRound(area.top()), std::max(1, qRound(area.width())), std::max(1, qRound(area.height())));
        const QColor fill = m_colouring == Colouring::Family && item.what == LayoutItem::What::Node ? blended(familyColour(m_scene->nodes[at(item.index)].family), theme::tokens().panel, isFrozen(item) ? 0.3 : 0.7) : fillOf(item);
        if (patch == last && fill == lastFill) continue;
        painter.fillRect(patch, fill);
        last = patch;
        lastFill = fill;
    }
}

void GraphView::paintItem(QPainter& painter, const LayoutItem& item, const QRectF& area) {
    const Tokens& t = theme::tokens();
    const bool isNode = item.what == LayoutItem::What::Node;
    const QColor fill = fillOf(item);
    const QColor line = lineOf(item);
    const bool isInput = isNode && m_scene->nodes[at(item.index)].id == graph::kNone;
    const double radius = (isInput ? kNodeHeight / 2 : 7) * m_scale;
    if (!isNode && m_scale >= kFine)  // a second box behind: there is more inside
        paintBox(painter, area.translated(3.5 * m_scale, 3.5 * m_scale), radius, blended(fill, t.panel, 0.6), QPen(blended(line, t.panel, 0.6), 1));
    paintBox(painter, area, radius, fill, QPen(line, 1));
    if (area.height() >= kWordsFrom) paintWords(painter, item, area, fill);
}

double GraphView::paintTraining(QPainter& painter, const LayoutItem& item, const QRectF& area, const QColor& ink) const {
    const bool isNode = item.what == LayoutItem::What::Node;
    const bool isUpdated = isNode ? m_scene->nodes[at(item.index)].isUpdated : m_scene->blocks[at(item.index)].isUpdated;
    const double side = std::clamp(11 * m_scale, 7.0, 13.0), gap = 6 * m_scale;
    double right = area.right() - gap;
    const auto next = [&] { return QRectF(std::exchange(right, right - side - gap) - side, area.top() + std::min(gap, (area.height() - side) / 2), side, side); };
    if (isFrozen(item)) paintFlake(painter, next(), ink);
    if (isUpdated) paintUpdate(painter, next(), ink);
    return area.right() - gap - right;
}

void GraphView::paintWords(QPainter& painter, const LayoutItem& item, const QRectF& area, const QColor& fill) {
    const bool isNode = item.what == LayoutItem::What::Node;
    const bool both = area.height() >= kAllWordsFrom;
    const bool isRamp = m_colouring != Colouring::Family && m_colouring != Colouring::Difference;
    const QColor ink = isRamp ? inkOn(fill) : theme::tokens().text;
    const double marks = paintTraining(painter, item, area, isRamp ? ink : theme::tokens().muted);
    const QRectF words = area.adjusted(11 * m_scale, 4 * m_scale, -9 * m_scale, -4 * m_scale), beside = words.adjusted(0, 0, -marks, 0);
    const double size = both ? std::min(1.25, m_scale) : std::clamp(area.height() * kWordsShare, 0.5, 1.0);
    painter.setFont(theme::textFont(0.95 * size, QFont::DemiBold));
    painter.setPen(ink);
    QString first = isNode ? m_scene->nodes[at(item.index)].op : QStringLiteral("▸ ") + m_scene->blocks[at(item.index)].name;
    if (isNode && m_scene->nodes[at(item.index)].id == graph::kNone) first = m_scene->nodes[at(item.index)].name;
    if (m_colouring == Colouring::Difference && isNode) first.prepend(standingSign(m_scene->nodes[at(item.index)].standing, m_scene->nodes[at(item.index)].isSecond));
    if (!both) return painter.drawText(words, Qt::AlignVCenter | Qt::AlignLeft, elided(painter, first, beside.width()));
    const QRectF upper(words.left(), words.top(), words.width(), words.height() / 2), lower = upper.translated(0, words.height() / 2);
    painter.drawText(upper, Qt::AlignVCenter | Qt::AlignLeft, elided(painter, first, upper.width() - marks));
    painter.setFont(theme::figureFont(0.8 * size));
    painter.setPen(isRamp ? ink : theme::tokens().muted);
    painter.drawText(lower, Qt::AlignVCenter | Qt::AlignLeft, elided(painter, secondLine(item), lower.width()));
}

/// What was found and what is chosen, above all.
void GraphView::paintMarks(QPainter& painter) {
    const Tokens& t = theme::tokens();
    painter.setBrush(Qt::NoBrush);
    const auto mark = [&](int index, const QPen& pen, double out) {
        const LayoutItem& item = m_layout.items[at(index)];
        QRectF area(toView(item.area.topLeft()), item.area.size() * m_scale);
        area.setHeight(std::max(area.height(), 3.0));
        if (!area.intersects(rect())) return;
        painter.setPen(pen);
        painter.drawRoundedRect(area.adjusted(-out, -out, out, out), 8 * m_scale, 8 * m_scale);
    };
    constexpr int kMostMarks = 500;  // beyond, they say no more
    for (int i = 0; i < std::min<int>(kMostMarks, static_cast<int>(m_found.size())); ++i) mark(m_layout.ofNode[at(m_found[i])], QPen(t.warning, 1.5, Qt::DashLine), 3);
    if (const auto chosen = chosenItem()) mark(*chosen, QPen(t.accent, 2), 2);
}

/// In the corner in which it hides least of a graph that nobody moved yet, the lower left where that is the same; there it stays.
QRectF GraphView::legendArea(const QSizeF& size) {
    constexpr double kEdge = 10;
    const double right = width() - kEdge - size.width(), bottom = height() - kEdge - size.height();
    const std::array<QPointF, 4> corners{QPointF(kEdge, bottom), QPointF(right, bottom), QPointF(right, kEdge), QPointF(kEdge, kEdge)};
    const auto hidden = [&](const QPointF& corner) {
        double sum = 0;
        for (const LayoutItem& item : m_layout.items) {
            const QRectF both = QRectF(corner, size).intersected(QRectF(toView(item.area.topLeft()), item.area.size() * m_scale));
            if (item.what != LayoutItem::What::Frame) sum += both.width() * both.height();
        }
        return sum;
    };
    if (m_follows != Follows::Nothing) {
        m_legendCorner = static_cast<int>(std::ranges::min_element(corners, {}, hidden) - corners.begin());
        m_legendHides = hidden(corners[at(m_legendCorner)]) / (size.width() * size.height());
    }
    return {corners[at(m_legendCorner)], size};
}

/// What the colours and marks mean.
void GraphView::paintLegend(QPainter& painter) {
    const Tokens& t = theme::tokens();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme::textFont(0.82));
    std::vector<LegendRow> rows = coloursInLegend();
    const bool isRamp = rows.empty();
    const SceneBlock& whole = m_scene->blocks.front();
    if (whole.learning == Learning::Frozen || whole.learning == Learning::Partly) rows.push_back({t.muted, tr("frozen"), paintFlake});
    if (whole.isUpdated) rows.push_back({t.muted, tr("low-rank update"), paintUpdate});
    const double high = (isRamp ? kRampRows * kLegendRow : 0) + static_cast<double>(rows.size()) * kLegendRow + 12;
    if (height() - 10 - high < 60) return;
    double wide = isRamp ? kLegend : 0;
    for (const LegendRow& row : rows) wide = std::max(wide, painter.fontMetrics().horizontalAdvance(row.text) + 36.0);
    const QRectF area = legendArea({wide, high});
    if (m_colouring == Colouring::Family && m_legendHides > kHidesMost) return;  // the operators' names say as much
    paintBox(painter, area, 6, blended(t.panel, t.background, 0.9), QPen(t.line, 1));
    double y = area.top() + 6;
    for (const LegendRow& row : rows) {
        const QRectF sign(area.left() + 9, y + 4, 9, 9);
        row.paint ? row.paint(painter, sign, row.colour) : paintBox(painter, sign, 2, row.colour, Qt::NoPen);
        painter.setPen(t.muted);
        painter.drawText(QRectF(area.left() + 26, y, area.width() - 28, kLegendRow), Qt::AlignVCenter, row.text);
        y += kLegendRow;
    }
    if (isRamp) paintRamp(painter, QRectF(area.left() + 10, y, kLegend - 20, kRampRows * kLegendRow));
}

std::vector<GraphView::LegendRow> GraphView::coloursInLegend() const {
    std::vector<LegendRow> rows;
    if (m_colouring == Colouring::Family)
        for (int i = 0; i < kFamilies; ++i) {
            const auto family = static_cast<Family>(i);
            if (std::ranges::any_of(m_scene->nodes, [&](const SceneNode& node) { return node.family == family; })) rows.push_back({familyColour(family), familyName(family), nullptr});
        }
    if (m_colouring == Colouring::Difference)
        for (const auto& [standing, isSecond] : {std::pair(graph::Standing::Alone, true), std::pair(graph::Standing::Alone, false), std::pair(graph::Standing::Changed, false)})
            rows.push_back({standingColour(standing, isSecond), standingSign(standing, isSecond) + standingText(standing, isSecond), nullptr});
    return rows;
}

/// From nothing to the largest figure.
void GraphView::paintRamp(QPainter& painter, const QRectF& area) const {
    QLinearGradient ramp(area.left(), 0, area.right(), 0);
    for (int i = 0; i <= 8; ++i) ramp.setColorAt(i / 8.0, rampColour(i / 8.0));
    const QRectF line(area.left(), area.top(), area.width(), kLegendRow);
    painter.setPen(theme::tokens().muted);
    painter.drawText(line, Qt::AlignVCenter | Qt::AlignLeft, colouringName(m_colouring));
    painter.drawText(line, Qt::AlignVCenter | Qt::AlignRight, m_most > 0 ? tr("to %1").arg(figureText(m_colouring, m_most)) : tr("not known"));
    painter.setPen(Qt::NoPen);
    painter.setBrush(ramp);
    painter.drawRoundedRect(QRectF(area.left(), area.top() + 22, area.width(), 9), 3, 3);
}

}  // namespace headroom::ui
