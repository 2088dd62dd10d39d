// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>

#include <optional>
#include <vector>

#include "ui/widgets/card.h"
#include "ui/widgets/stack_table.h"

class QCPGraph;
class QCPItemLine;
class QCPItemRect;
class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;
class QStackedWidget;
class QTableView;

namespace headroom::ui {

/// Bytes by kind as stacked areas, with lines to compare them to. Painted at most ten times a second.
class StackChart : public Card {
    Q_OBJECT
public:
    enum class Drawn {
        Stepped,  ///< a value holds until the next
        Gathered  ///< a value is the most since the one before
    };
    StackChart(const QString& title, Drawn drawn, QWidget* parent = nullptr);

    void setData(StackData data);
    const StackData& data() const { return m_data; }

    /// A dashed line to compare with, across the chart. One far above the data would leave nothing to see: it is left out.
    struct Level {
        double bytes = 0;
        QString text;
        bool isLimit = false;
    };
    void setLevels(const std::vector<Level>& levels);
    /// Something that happened at an x: a dashed line with a few words.
    struct Mark {
        double x = 0;
        QString text;
    };
    void setMarks(const std::vector<Mark>& marks);
    /// Named parts of the axis, from one x to another, in place of its numbers.
    struct Part {
        double from = 0, to = 0;
        QString text;
    };
    void setParts(const std::vector<Part>& parts);
    /// The point that the page is about, with its words.
    struct Peak {
        double x = 0, bytes = 0;
        QString text;
    };
    void setPeak(const std::optional<Peak>& peak);
    /// The part of the axis that something chosen elsewhere takes.
    void setBand(const std::optional<std::pair<double, double>>& band);
    const std::optional<std::pair<double, double>>& band() const { return m_band; }

    /// Fact and reason while there is nothing to draw.
    void setEmptyText(const QString& text);
    /// What stands in the head while no cursor is on the chart.
    void setSummary(const QString& text);
    /// Small print below the picture; rich text.
    void setNote(const QString& text);
    void showTable(bool table);
    QString tabSeparated() const;
    /// The values under the cursor in words; empty without one.
    QString readout() const;
    /// Paints what waits for its turn.
    void repaintNow();

    bool eventFilter(QObject* watched, QEvent* event) override;

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void setUpPlot();
    void schedule();
    void feedAreas();
    void fitRanges();
    void placeLevels();
    void placeMarks();
    void placeParts();
    void placePeak();
    void placeBand();
    void setCursor(std::optional<qsizetype> index);
    void restyle();
    void copy() const;
    double room() const;
    QCPItemText* words(const QString& text, const QColor& colour);

    Drawn m_drawn;
    QStackedWidget* m_stack;
    QCustomPlot* m_plot;
    QTableView* m_table;
    StackTable* m_model;
    QLabel *m_empty, *m_note;
    std::array<QCPGraph*, plan::kKinds> m_areas{};  ///< in the order of kStackedKinds
    QCPItemRect* m_bandItem = nullptr;
    QCPItemStraightLine* m_cursorLine = nullptr;
    std::vector<QCPItemText*> m_words;
    std::vector<QCPItemStraightLine*> m_lines;
    QCPGraph* m_peakMark = nullptr;
    StackData m_data;
    std::vector<Level> m_levels;
    std::vector<Mark> m_marks;
    std::vector<Part> m_parts;
    std::optional<Peak> m_peak;
    std::optional<std::pair<double, double>> m_band;
    std::optional<qsizetype> m_cursor;
    QString m_summary;
    QTimer m_paint;
    bool m_stale = true;
};

}  // namespace headroom::ui
