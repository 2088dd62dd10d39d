// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/panels/context.h"

class QLabel;
class QTableWidget;
class QVBoxLayout;

namespace headroom::ui {

class Card;
class ClassBars;
class FillablePage;
class SampleGrid;

/// What the chosen data holds: format, parts, classes, samples, warnings. Everything on it was read by the worker.
class DataPanel : public Panel {
    Q_OBJECT
public:
    explicit DataPanel(const Context& context, QWidget* parent = nullptr);
    bool accept(const QString& path) override;

private:
    QWidget* filledPage();
    void follow();
    void fill();
    void fillTable();
    void fillWarnings();

    Context m_context;
    FillablePage* m_page;
    QLabel *m_name, *m_facts, *m_path, *m_excerpt;
    Card *m_samplesCard, *m_classesCard, *m_tableCard, *m_textCard, *m_warningsCard;
    SampleGrid* m_grid;
    ClassBars* m_bars;
    QTableWidget* m_table;
    QVBoxLayout* m_warnings;
};

}  // namespace headroom::ui
