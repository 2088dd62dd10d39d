// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/bridge/fit_planner.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

/// The titles of techniques joined: "bf16 arithmetic, one batch ahead"; empty for none.
QString techniquesText(const plan::TechniqueSet& techniques);

struct FitRow {
    plan::Fit way;
    Bytes spare = 0;  ///< what is left of the budget
};

/// The ways to fit the budget, best first: a row each.
class FitList : public TableOf<FitRow> {
    Q_OBJECT
public:
    enum Column { Change, Parts, Peak, Spare, Rate, Time, Apply, kColumns };
    using TableOf::TableOf;

    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    void set(const FitAnswerPtr& answer);
};

}  // namespace headroom::ui
