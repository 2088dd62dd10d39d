// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/plan/batch_finder.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

/// Micro-batches of the settings' batch as real steps measured them, largest first.
class FinderModel : public TableOf<plan::MeasuredSize> {
    Q_OBJECT
public:
    enum Column { MicroBatch, Rate, Step, Peak, Apply, kColumns };
    using TableOf::TableOf;

    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// `batch`: the effective one.
    void set(std::vector<plan::MeasuredSize> sizes, std::int64_t batch);

private:
    QString text(const plan::MeasuredSize& size, int column) const;

    std::int64_t m_batch = 0, m_fastest = 0;
};

}  // namespace headroom::ui
