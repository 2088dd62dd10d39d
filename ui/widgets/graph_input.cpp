// SPDX-License-Identifier: GPL-3.0-or-later
#include <QContextMenuEvent>
#include <QGestureEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QNativeGestureEvent>
#include <QToolTip>

#include <cmath>

#include "ui/widgets/graph_view.h"

namespace headroom::ui {
namespace {

constexpr double kStep = 1.25, kPan = 60, kTitleHeight = 24;
constexpr int kDragDistance = 4;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

}  // namespace

int GraphView::itemAt(QPointF point) const {
    const QPointF there = (point - m_origin) / m_scale;
    for (int i = static_cast<int>(m_layout.items.size()) - 1; i >= 0; --i) {
        const LayoutItem& item = m_layout.items[at(i)];
        if (!item.area.contains(there)) continue;
        if (item.what != LayoutItem::What::Frame || there.y() - item.area.top() < kTitleHeight) return i;
    }
    return -1;
}

void GraphView::wheelEvent(QWheelEvent* event) {
    const QPoint pixels = event->pixelDelta();
    const bool isTouchpad = !pixels.isNull() && event->phase() != Qt::NoScrollPhase;
    if (isTouchpad && !(event->modifiers() & Qt::ControlModifier)) pan(pixels);
    else if (event->modifiers() & Qt::ShiftModifier) pan({event->angleDelta().y() / 2.0, 0});
    else zoom(std::pow(kStep, event->angleDelta().y() / 120.0), event->position());
    event->accept();
}

bool GraphView::event(QEvent* event) {
    if (event->type() == QEvent::NativeGesture) {
        const auto* gesture = static_cast<QNativeGestureEvent*>(event);
        if (gesture->gestureType() == Qt::ZoomNativeGesture) return zoom(1 + gesture->value(), gesture->position()), true;
    }
    if (event->type() == QEvent::Gesture) {
        const auto* pinch = static_cast<QPinchGesture*>(static_cast<QGestureEvent*>(event)->gesture(Qt::PinchGesture));
        if (pinch) return zoom(pinch->scaleFactor(), mapFromGlobal(pinch->centerPoint())), true;
    }
    if (event->type() == QEvent::ToolTip && m_scene) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int item = itemAt(help->pos());
        QString text;
        if (item >= 0 && m_layout.items[at(item)].what == LayoutItem::What::Node) {
            const SceneNode& node = m_scene->nodes[at(m_layout.items[at(item)].index)];
            text = node.name + '\n' + node.op + ' ' + node.shape;
            if (const QString training = learningText(node.learning, node.isUpdated); !training.isEmpty()) text += '\n' + training;
        } else if (item >= 0) {
            const SceneBlock& block = m_scene->blocks[at(m_layout.items[at(item)].index)];
            text = block.path;
            if (const QString training = learningText(block.learning, block.isUpdated); !training.isEmpty()) text += '\n' + training;
        }
        text.isEmpty() ? QToolTip::hideText() : QToolTip::showText(help->globalPos(), text, this);
        return true;
    }
    return QWidget::event(event);
}

void GraphView::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton || event->button() == Qt::MiddleButton) m_pressed = event->position();
    m_dragging = false;
}

void GraphView::mouseMoveEvent(QMouseEvent* event) {
    if (!m_pressed) return setCursor(itemAt(event->position()) >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (!m_dragging && (event->position() - *m_pressed).manhattanLength() < kDragDistance) return;
    m_dragging = true;
    setCursor(Qt::ClosedHandCursor);
    pan(event->position() - *m_pressed);
    m_pressed = event->position();
}

void GraphView::mouseReleaseEvent(QMouseEvent* event) {
    const bool isClick = m_pressed && !m_dragging && event->button() == Qt::LeftButton;
    m_pressed.reset();
    m_dragging = false;
    setCursor(Qt::ArrowCursor);
    if (isClick) chooseItem(itemAt(event->position()));
}

void GraphView::chooseItem(int item) {
    if (item < 0) return choose(-1, -1);
    const LayoutItem& hit = m_layout.items[at(item)];
    hit.what == LayoutItem::What::Node ? choose(hit.index, -1) : choose(-1, hit.index);
}

/// Of what lies under the pointer; with the menu key, of what is chosen.
void GraphView::contextMenuEvent(QContextMenuEvent* event) {
    if (!m_scene || actions().isEmpty()) return;
    QPoint place = event->globalPos();
    if (event->reason() != QContextMenuEvent::Keyboard) chooseItem(itemAt(event->pos()));
    else if (const auto chosen = chosenItem()) place = mapToGlobal(toView(m_layout.items[at(*chosen)].area.center()).toPoint());
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addActions(actions());
    menu->popup(place);
}

void GraphView::mouseDoubleClickEvent(QMouseEvent* event) {
    const int item = itemAt(event->position());
    if (item < 0 || m_layout.items[at(item)].what == LayoutItem::What::Node) return;
    const int block = m_layout.items[at(item)].index;
    setClosed(block, !m_closed[at(block)]);
}

/// The nearest item in the direction of an arrow; of several the one straight ahead.
int GraphView::neighbour(int from, int key) const {
    const QRectF own = m_layout.items[at(from)].area;
    int best = -1;
    double least = 0;
    for (int i = 0; i < static_cast<int>(m_layout.items.size()); ++i) {
        const LayoutItem& item = m_layout.items[at(i)];
        if (i == from || item.what == LayoutItem::What::Frame) continue;
        const double dx = item.area.center().x() - own.center().x(), dy = item.area.center().y() - own.center().y();
        const bool vertical = key == Qt::Key_Up || key == Qt::Key_Down;
        const double ahead = key == Qt::Key_Down ? dy : key == Qt::Key_Up ? -dy : key == Qt::Key_Right ? dx : -dx;
        const double aside = std::abs(vertical ? dx : dy);
        if (ahead < 8) continue;
        const double far = ahead + 3 * aside;
        if (best < 0 || far < least) best = i, least = far;
    }
    return best;
}

void GraphView::step(int key) {
    if (!m_scene || m_layout.items.empty()) return;
    int next = 0;
    if (const auto chosen = chosenItem()) next = neighbour(*chosen, key);
    else
        while (next + 1 < static_cast<int>(m_layout.items.size()) && m_layout.items[at(next)].what == LayoutItem::What::Frame) ++next;
    if (next < 0) return;
    const LayoutItem& item = m_layout.items[at(next)];
    chooseItem(next);
    const QRectF shown(toView(item.area.topLeft()), item.area.size() * m_scale);
    if (!QRectF(rect()).adjusted(20, 20, -20, -20).contains(shown)) centre(item.area.center());
}

void GraphView::closeAround(int block) {
    choose(-1, block);
    setClosed(block, true);
}

void GraphView::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
        case Qt::Key_Up: return shift ? pan({0, kPan}) : step(event->key());
        case Qt::Key_Down: return shift ? pan({0, -kPan}) : step(event->key());
        case Qt::Key_Left: return shift ? pan({kPan, 0}) : step(event->key());
        case Qt::Key_Right: return shift ? pan({-kPan, 0}) : step(event->key());
        case Qt::Key_PageUp: return pan({0, height() * 0.8});
        case Qt::Key_PageDown: return pan({0, -height() * 0.8});
        case Qt::Key_Plus:
        case Qt::Key_Equal: return zoom(kStep, QRectF(rect()).center());
        case Qt::Key_Minus: return zoom(1 / kStep, QRectF(rect()).center());
        case Qt::Key_0: return zoomTo(1);
        case Qt::Key_F: return event->modifiers() == Qt::NoModifier ? fit() : QWidget::keyPressEvent(event);
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (m_selectedBlock > 0) return setClosed(m_selectedBlock, !m_closed[at(m_selectedBlock)]);
            if (m_selected >= 0 && m_scene->nodes[at(m_selected)].block > 0) return closeAround(m_scene->nodes[at(m_selected)].block);
            break;
        default: break;
    }
    QWidget::keyPressEvent(event);
}

void GraphView::resizeEvent(QResizeEvent*) {
    if (m_follows == Follows::All) fit();
    else if (m_follows == Follows::Begin) begin();
    else keepInSight();
}

}  // namespace headroom::ui
