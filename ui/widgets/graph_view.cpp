// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/graph_view.h"

#include <QAccessible>
#include <QHash>

#include <algorithm>
#include <cmath>

#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

constexpr int kFewNodes = 36;         ///< a graph of no more is shown with its blocks open
constexpr double kStretch = 512;      ///< height of a stretch
constexpr int kLongEdge = 8;          ///< stretches: an edge over more is looked at in every paint
constexpr double kMargin = 24;
constexpr double kReadable = 0.42;     ///< scale from which operators can be read
constexpr double kBegin = 0.8;         ///< scale at which a graph that is longer than the view begins: its operators can be told apart

std::size_t at(int index) { return static_cast<std::size_t>(index); }

}  // namespace

double figureOf(Colouring colouring, const plan::NodeFigures& figures) {
    switch (colouring) {
        case Colouring::Parameters: return static_cast<double>(figures.parameters);
        case Colouring::Flops: return figures.forwardFlops;
        case Colouring::Memory: return static_cast<double>(figures.made);
        case Colouring::Time: return figures.seconds;
        default: return 0;
    }
}

QString figureText(Colouring colouring, double figure) {
    switch (colouring) {
        case Colouring::Parameters: return GraphView::tr("%1 parameters").arg(format::compact(figure));
        case Colouring::Flops: return GraphView::tr("%1FLOPs").arg(format::compact(figure));
        case Colouring::Memory: return format::bytes(static_cast<Bytes>(figure));
        case Colouring::Time: return format::shortTime(figure);
        default: return {};
    }
}

QString colouringName(Colouring colouring) {
    switch (colouring) {
        case Colouring::Family: return GraphView::tr("Operators");
        case Colouring::Parameters: return GraphView::tr("Parameters");
        case Colouring::Flops: return GraphView::tr("FLOPs");
        case Colouring::Memory: return GraphView::tr("Memory");
        case Colouring::Time: return GraphView::tr("Time");
        case Colouring::Difference: return GraphView::tr("Difference");
    }
    return {};
}

QString standingText(graph::Standing standing, bool isSecond) {
    if (standing == graph::Standing::Changed) return GraphView::tr("changed");
    if (standing == graph::Standing::Alone) return isSecond ? GraphView::tr("added") : GraphView::tr("removed");
    return GraphView::tr("the same");
}

QString learningText(Learning learning, bool isUpdated) {
    QStringList parts;
    if (learning == Learning::Trained) parts << GraphView::tr("trained");
    if (learning == Learning::Partly) parts << GraphView::tr("partly frozen");
    if (learning == Learning::Frozen) parts << GraphView::tr("frozen");
    if (isUpdated) parts << GraphView::tr("low-rank update");
    return parts.join(QStringLiteral(", "));
}

GraphView::GraphView(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    grabGesture(Qt::PinchGesture);
    setMinimumSize(160, 120);
    setAccessibleName(tr("Graph of the model"));
    setAccessibleDescription(tr("Arrows go from node to node, Enter opens and closes blocks, plus and minus zoom, F shows all."));
}

/// Another plan of the same graph, or another form of it: with updates, with other nodes fused.
bool GraphView::isAlike(const GraphScene& scene) const {
    if (!m_scene || m_scene->isComparison != scene.isComparison) return false;
    if (m_scene->blocks.size() == scene.blocks.size() && m_scene->nodes.size() == scene.nodes.size()) return true;
    const std::string& name = scene.graphs.front()->name;
    return !name.empty() && name == m_scene->graphs.front()->name;
}

void GraphView::setScene(GraphScenePtr scene) {
    if (scene && isAlike(*scene)) return replaceScene(std::move(scene));
    m_scene = std::move(scene);
    m_found.clear();
    m_selected = m_selectedBlock = -1;
    m_closed.assign(m_scene ? m_scene->blocks.size() : 0, m_scene && m_scene->nodes.size() > kFewNodes);
    setColouring(m_colouring);
    arrange();
    begin();
    announce();
}

/// What was closed and chosen stays so, and what was chosen where it was.
void GraphView::replaceScene(GraphScenePtr scene) {
    const GraphScenePtr before = std::exchange(m_scene, std::move(scene));
    QHash<QString, bool> closed;
    for (std::size_t i = 0; i < m_closed.size(); ++i) closed.insert(before->blocks[i].path, m_closed[i]);
    const QString node = m_selected >= 0 ? before->nodes[at(m_selected)].name : QString(), block = m_selectedBlock > 0 ? before->blocks[at(m_selectedBlock)].path : QString();
    const std::optional<int> item = chosenItem();
    const QPointF place = item ? toView(m_layout.items[at(*item)].area.topLeft()) : QPointF();
    m_found.clear();
    m_closed.assign(m_scene->blocks.size(), m_scene->nodes.size() > kFewNodes);
    for (std::size_t i = 0; i < m_closed.size(); ++i) m_closed[i] = closed.value(m_scene->blocks[i].path, m_closed[i]);
    m_selected = m_selectedBlock = -1;
    setColouring(m_colouring);
    arrange();
    m_selected = node.isEmpty() ? -1 : m_scene->find(node);
    const auto found = std::ranges::find(m_scene->blocks, block, &SceneBlock::path);
    if (!block.isEmpty() && found != m_scene->blocks.end()) m_selectedBlock = static_cast<int>(found - m_scene->blocks.begin());
    if (m_follows == Follows::All) fit();
    else if (m_follows == Follows::Begin) begin();
    else if (const auto now = chosenItem(); now && item) pan(place - toView(m_layout.items[at(*now)].area.topLeft()));
    else keepInSight();
    announce();
}

void GraphView::arrange() {
    m_layout = m_scene ? layoutOf(*m_scene, m_closed) : GraphLayout{};
    index();
    update();
}

/// By stretches of the height, so that a paint looks at what is near.
void GraphView::index() {
    m_stretches.assign(at(static_cast<int>(m_layout.area.height() / kStretch) + 1), {});
    m_frames.clear();
    m_longEdges.clear();
    m_itemSeen.assign(m_layout.items.size(), 0);
    m_edgeSeen.assign(m_layout.edges.size(), 0);
    m_paint = 0;
    const auto stretchOf = [&](double y) { return std::clamp(static_cast<int>(y / kStretch), 0, static_cast<int>(m_stretches.size()) - 1); };
    for (int i = 0; i < static_cast<int>(m_layout.items.size()); ++i) {
        const LayoutItem& item = m_layout.items[at(i)];
        if (item.what == LayoutItem::What::Frame) m_frames.push_back(i);
        else
            for (int k = stretchOf(item.area.top()); k <= stretchOf(item.area.bottom()); ++k) m_stretches[at(k)].items.push_back(i);
    }
    for (int i = 0; i < static_cast<int>(m_layout.edges.size()); ++i) {
        const QRectF& area = m_layout.edges[at(i)].area;
        const int from = stretchOf(area.top()), to = stretchOf(area.bottom());
        if (to - from > kLongEdge) m_longEdges.push_back(i);
        else
            for (int k = from; k <= to; ++k) m_stretches[at(k)].edges.push_back(i);
    }
}

void GraphView::gather(const QRectF& seen, std::vector<int>& items, std::vector<int>& edges) {
    ++m_paint;
    const auto stretchOf = [&](double y) { return std::clamp(static_cast<int>(y / kStretch), 0, static_cast<int>(m_stretches.size()) - 1); };
    for (int k = stretchOf(seen.top()); k <= stretchOf(seen.bottom()); ++k) {
        for (const int item : m_stretches[at(k)].items)
            if (std::exchange(m_itemSeen[at(item)], m_paint) != m_paint && m_layout.items[at(item)].area.intersects(seen)) items.push_back(item);
        for (const int edge : m_stretches[at(k)].edges)
            if (std::exchange(m_edgeSeen[at(edge)], m_paint) != m_paint && m_layout.edges[at(edge)].area.intersects(seen)) edges.push_back(edge);
    }
    for (const int edge : m_longEdges)
        if (m_layout.edges[at(edge)].area.intersects(seen)) edges.push_back(edge);
}

void GraphView::setColouring(Colouring colouring) {
    m_colouring = colouring;
    m_most = 0;
    if (m_scene)
        for (const SceneNode& node : m_scene->nodes) m_most = std::max(m_most, figureOf(colouring, node.figures));
    update();
}

void GraphView::choose(int node, int block) {
    if (node == m_selected && block == m_selectedBlock) return;
    m_selected = node;
    m_selectedBlock = block;
    announce();
    update();
    if (block >= 0) Q_EMIT blockSelected(block);
    Q_EMIT selectedChanged(node);
}

void GraphView::select(int node) { choose(node, -1); }

void GraphView::reveal(int node) {
    if (!m_scene || node < 0 || node >= static_cast<int>(m_scene->nodes.size())) return;
    bool opened = false;
    for (int block = m_scene->nodes[at(node)].block; block > 0; block = m_scene->blocks[at(block)].parent) {
        opened = opened || m_closed[at(block)];
        m_closed[at(block)] = false;
    }
    if (opened) arrange();
    select(node);
    m_scale = std::max(m_scale, 0.7);
    centre(m_layout.items[at(m_layout.ofNode[at(node)])].area.center());
}

void GraphView::setClosed(int block, bool closed) {
    if (block <= 0 || m_closed[at(block)] == closed) return;
    // What was clicked stays where it is.
    const auto place = [&]() -> std::optional<QPointF> {
        for (const LayoutItem& item : m_layout.items)
            if (item.what != LayoutItem::What::Node && item.index == block) return QPointF(item.axis, item.area.top());
        return {};
    };
    const auto before = place();
    m_closed[at(block)] = closed;
    arrange();
    const auto now = place();
    if (before && now) m_origin += (*before - *now) * m_scale;
    keepInSight();
}

void GraphView::setAllClosed(bool closed) {
    std::fill(m_closed.begin(), m_closed.end(), closed);
    if (!m_closed.empty()) m_closed[0] = false;
    arrange();
    begin();
}

const QVector<int>& GraphView::search(const QString& text) {
    m_found.clear();
    if (m_scene && !text.isEmpty())
        for (int i = 0; i < static_cast<int>(m_scene->nodes.size()); ++i) {
            const SceneNode& node = m_scene->nodes[at(i)];
            if (node.name.contains(text, Qt::CaseInsensitive) || node.op.contains(text, Qt::CaseInsensitive)) m_found << i;
        }
    update();
    return m_found;
}

QRectF GraphView::seen() const { return {-m_origin / m_scale, QSizeF(size()) / m_scale}; }

/// The scale at which all of it is in sight, and a little less.
double GraphView::smallest() const {
    const double wide = (width() - 2 * kMargin) / std::max(1.0, m_layout.area.width()), high = (height() - 2 * kMargin) / std::max(1.0, m_layout.area.height());
    return std::min(1.0, std::max(1e-6, std::min(wide, high)));
}

void GraphView::fit() {
    m_scale = smallest();
    m_origin = QPointF(width(), height()) / 2 - m_layout.area.center() * m_scale;
    if (m_layout.area.height() * m_scale < height() - 2 * kMargin) m_origin.setY(kMargin - m_layout.area.top() * m_scale);
    m_follows = Follows::All;
    update();
}

/// All of it where it can be read, else its begin.
void GraphView::begin() {
    fit();
    if (m_scale >= kReadable || m_layout.items.empty()) return;
    m_scale = kBegin;
    m_origin = {width() / 2.0 - m_layout.items[at(m_layout.ofNode.front())].axis * m_scale, kMargin - m_layout.area.top() * m_scale};
    m_follows = Follows::Begin;
    update();
}

void GraphView::zoom(double factor, QPointF around) {
    const double scale = std::clamp(m_scale * factor, smallest() * 0.5, kLargest);
    m_origin = around - (around - m_origin) * (scale / m_scale);
    m_scale = scale;
    m_follows = Follows::Nothing;
    keepInSight();
}

void GraphView::zoomTo(double scale) { zoom(scale / m_scale, QPointF(width(), height()) / 2); }

void GraphView::pan(QPointF by) {
    m_origin += by;
    m_follows = Follows::Nothing;
    keepInSight();
}

void GraphView::centre(QPointF point) {
    m_origin = QPointF(width(), height()) / 2 - point * m_scale;
    m_follows = Follows::Nothing;
    keepInSight();
}

/// A part of the graph is always in sight.
void GraphView::keepInSight() {
    const QRectF area(toView(m_layout.area.topLeft()), m_layout.area.size() * m_scale);
    const double x = std::min(area.width(), double(width())) / 2, y = std::min(area.height(), double(height())) / 2;
    m_origin.rx() += std::max(0.0, x - area.right()) - std::max(0.0, area.left() - (width() - x));
    m_origin.ry() += std::max(0.0, y - area.bottom()) - std::max(0.0, area.top() - (height() - y));
    update();
}

std::optional<int> GraphView::chosenItem() const {
    if (m_selected >= 0) return m_layout.ofNode[at(m_selected)];
    for (int i = 0; m_selectedBlock > 0 && i < static_cast<int>(m_layout.items.size()); ++i)
        if (m_layout.items[at(i)].what != LayoutItem::What::Node && m_layout.items[at(i)].index == m_selectedBlock) return i;
    return {};
}

void GraphView::announce() {
    if (!m_scene) return setAccessibleDescription(tr("There is no graph."));
    QString text = tr("%1 nodes. Arrows go from node to node, Enter opens and closes blocks, plus and minus zoom, F shows all.").arg(m_scene->nodes.size());
    if (m_selected >= 0) {
        const SceneNode& node = m_scene->nodes[at(m_selected)];
        text = tr("%1, %2, output %3").arg(node.name, node.op, node.shape);
        if (const QString training = learningText(node.learning, node.isUpdated); !training.isEmpty()) text += QStringLiteral(", ") + training;
    } else if (m_selectedBlock > 0) {
        const SceneBlock& block = m_scene->blocks[at(m_selectedBlock)];
        text = tr("Block %1 of %2 nodes, %3").arg(block.path).arg(block.nodes).arg(m_closed[at(m_selectedBlock)] ? tr("closed") : tr("open"));
        if (const QString training = learningText(block.learning, block.isUpdated); !training.isEmpty()) text += QStringLiteral(", ") + training;
    }
    setAccessibleDescription(text);
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

}  // namespace headroom::ui
