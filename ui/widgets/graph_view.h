// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QVector>
#include <QWidget>

#include <optional>

#include "ui/widgets/graph_layout.h"

namespace headroom::ui {

/// What the colours of a graph's picture say.
enum class Colouring { Family, Parameters, Flops, Memory, Time, Difference };

/// The figure of a node or a block that a colouring speaks of; 0 where it speaks of none.
double figureOf(Colouring colouring, const plan::NodeFigures& figures);
/// "1.81 GFLOPs", "4.6 k parameters".
QString figureText(Colouring colouring, double figure);
QString colouringName(Colouring colouring);
/// Of what stands alone in a comparison, and of what both have in different forms.
QString standingText(graph::Standing standing, bool isSecond);
/// "frozen", "trained, low-rank update"; empty where there is nothing to say.
QString learningText(Learning learning, bool isUpdated);

/// A graph as a picture: pan by dragging or with Shift and the arrows, zoom with the wheel or + and -, 0 is full size, F shows
/// all. Arrows go from node to node, Enter opens and closes blocks. Its actions are those of the menu of what is chosen. Draws what is
/// in sight and no finer than can be seen.
class GraphView : public QWidget {
    Q_OBJECT
public:
    explicit GraphView(QWidget* parent = nullptr);

    /// Blocks that were closed stay closed where the new graph has them too. Null: none.
    void setScene(GraphScenePtr scene);
    const GraphScenePtr& scene() const { return m_scene; }
    const GraphLayout& layoutNow() const { return m_layout; }
    void setColouring(Colouring colouring);
    Colouring colouring() const { return m_colouring; }

    /// The chosen node (in GraphScene::nodes), or -1.
    int selected() const { return m_selected; }
    /// Chooses a node without moving the picture.
    void select(int node);
    /// Opens what hides the node, chooses it and brings it to the middle.
    void reveal(int node);
    void setClosed(int block, bool closed);
    bool isClosed(int block) const { return m_closed[static_cast<std::size_t>(block)]; }
    void setAllClosed(bool closed);
    int selectedBlock() const { return m_selectedBlock; }

    /// Nodes whose name or operator holds the text; they are marked.
    const QVector<int>& search(const QString& text);
    const QVector<int>& found() const { return m_found; }

    void fit();
    void zoom(double factor, QPointF around);
    void zoomTo(double scale);
    void pan(QPointF by);
    double scale() const { return m_scale; }
    QPointF toView(QPointF point) const { return point * m_scale + m_origin; }
    /// The item at a point of the widget, frames by their titles; -1: none.
    int itemAt(QPointF point) const;
    static constexpr double kLargest = 2.5;

Q_SIGNALS:
    void selectedChanged(int node);
    void blockSelected(int block);

protected:
    void paintEvent(QPaintEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;

private:
    /// What there is in a stretch of the picture's height.
    struct Stretch {
        std::vector<int> items, edges;
    };
    bool isAlike(const GraphScene& scene) const;
    void replaceScene(GraphScenePtr scene);
    void begin();
    void arrange();
    void index();
    void keepInSight();
    void centre(QPointF point);
    void announce();
    void choose(int node, int block);
    void closeAround(int block);
    void step(int key);
    int neighbour(int node, int key) const;
    QRectF seen() const;
    double smallest() const;
    std::optional<int> chosenItem() const;

    bool isFrozen(const LayoutItem& item) const;
    QColor fillOf(const LayoutItem& item) const;
    QColor lineOf(const LayoutItem& item) const;
    void chooseItem(int item);
    double shareOf(const LayoutItem& item) const;
    QString secondLine(const LayoutItem& item) const;
    void paintFrames(QPainter& painter, const QRectF& seen);
    void paintEdges(QPainter& painter, const std::vector<int>& edges, const QRectF& seen);
    void paintItems(QPainter& painter, const std::vector<int>& items, const QRectF& seen);
    void paintItem(QPainter& painter, const LayoutItem& item, const QRectF& area);
    /// What training does to it, at its upper right. Returns how wide that is.
    double paintTraining(QPainter& painter, const LayoutItem& item, const QRectF& area, const QColor& ink) const;
    void paintWords(QPainter& painter, const LayoutItem& item, const QRectF& area, const QColor& fill);
    void paintMarks(QPainter& painter);
    struct LegendRow {
        QColor colour;
        QString text;
        void (*paint)(QPainter&, const QRectF&, const QColor&);  ///< of a mark; null: a patch of the colour
    };
    std::vector<LegendRow> coloursInLegend() const;
    void paintLegend(QPainter& painter);
    QRectF legendArea(const QSizeF& size);
    void paintRamp(QPainter& painter, const QRectF& area) const;
    /// Items and edges that lie in the stretch in sight, each once.
    void gather(const QRectF& seen, std::vector<int>& items, std::vector<int>& edges);

    GraphScenePtr m_scene;
    GraphLayout m_layout;
    std::vector<bool> m_closed;
    std::vector<Stretch> m_stretches;
    std::vector<int> m_frames, m_longEdges;
    std::vector<int> m_itemSeen, m_edgeSeen;  ///< by item and edge: the paint that has it
    int m_paint = 0;
    Colouring m_colouring = Colouring::Family;
    double m_most = 0;  ///< of the figure that the colours show, among nodes
    double m_scale = 1;
    QPointF m_origin;
    int m_legendCorner = 0;
    double m_legendHides = 0;  ///< share of it that lies over the graph
    /// What follows the widget's size as long as nobody moved the picture.
    enum class Follows { Nothing, All, Begin } m_follows = Follows::All;
    int m_selected = -1, m_selectedBlock = -1;
    QVector<int> m_found;
    std::optional<QPointF> m_pressed;
    bool m_dragging = false;
};

}  // namespace headroom::ui
