// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <map>
#include <vector>

#include "base/store/series.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart_group.h"

class QCPGraph;
class QCPItemLine;
class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;
class QStackedWidget;
class QTableView;

namespace headroom::ui {

class CurveTable;

struct ChartSpec {
    enum class Figures { Plain, Rate, Share, Bytes, PerSecond };
    QString title{};
    QString series{};    ///< drawn for every shown run
    QString compared{};  ///< a second series, dashed; empty = none
    QString legend{};    ///< what solid and dashed mean; empty = nothing
    Figures figures = Figures::Plain;
    bool events = true;  ///< false: of the events only those about memory
    bool logarithmic = false;
};

/// Curves of one quantity over several runs. Raw values lie faint behind the smoothed curve; the selected run is thicker
/// and carries its last value at its end; NaN and infinities are marks at the bottom. Data that arrive fast are gathered
/// and painted at most ten times a second.
class Chart : public Card {
    Q_OBJECT
public:
    Chart(ChartSpec spec, ChartGroup& group, QWidget* parent = nullptr);
    ~Chart() override;

    const ChartSpec& spec() const { return m_spec; }
    QStringList series() const;
    void setCurve(const CurvePtr& curve);
    /// Of the selected run.
    void setEvents(const std::vector<store::Event>& events);
    /// The words of those that are drawn.
    const QStringList& eventWords() const { return m_eventWords; }
    /// What to say while there is nothing to draw.
    void setEmptyText(const QString& text);
    void setLogarithmic(bool logarithmic);
    bool logarithmic() const { return m_spec.logarithmic; }
    void showTable(bool table);

    /// Value of the selected run at the crosshair, or its last one.
    QString readout() const;
    QPixmap picture() const;
    QString tabSeparated() const;
    void copyToClipboard() const;
    /// By the name's ending: .png .svg .pdf .csv. False where it cannot be written.
    bool save(const QString& path) const;

    bool eventFilter(QObject* watched, QEvent* event) override;

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Line {
        QCPGraph* raw = nullptr;
        QCPGraph* low = nullptr;
        QCPGraph* high = nullptr;
        QCPGraph* smooth = nullptr;
        QCPGraph* bad = nullptr;
        CurvePtr data;
        Trace trace;
        bool compared = false;
    };
    using Key = std::pair<QString, QString>;  ///< run, series

    void setUpPlot();
    void schedule();
    void repaintNow();
    void rebuildTraces();
    void rebuildLines();
    Line& lineFor(const Key& key);
    void dropLine(Line& line);
    void styleLine(const Key& key, Line& line);
    void feedLine(Line& line);
    static void markPoints(const Line& line);
    void reportExtent();
    double endPixels() const;
    void fitRanges();
    void fitValues();
    void placeEnd();
    void placeEvents();
    void placeWords(QCPItemText& text, const QString& words, double x);
    void placeCursor();
    void applyTicker();
    void moveCursor(int points);
    void announce();
    const ShownRun* run(const QString& id) const;
    const Line* selectedLine() const;
    QString figureText(double value) const;
    void saveAs();

    ChartSpec m_spec;
    ChartGroup& m_group;
    QStackedWidget* m_stack;
    QCustomPlot* m_plot;
    QTableView* m_table;
    CurveTable* m_tableModel;
    QLabel* m_empty;
    QLabel* m_legend;
    QCPItemText* m_end = nullptr;
    QCPItemStraightLine* m_cursorLine = nullptr;
    std::vector<std::pair<QCPItemStraightLine*, QCPItemText*>> m_eventItems;
    QStringList m_eventWords;
    std::map<Key, Line> m_lines;
    std::map<Key, CurvePtr> m_curves;
    std::vector<store::Event> m_events;
    QTimer m_paint;
    bool m_tracesStale = true, m_linesStale = true, m_dragging = false;
    double m_dragFrom = 0;
};

}  // namespace headroom::ui
