// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/plan/owners.h"
#include "ui/bridge/step_memory.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

struct OwnerRow {
    plan::Owner owner;
    QString node;
    double share = 0;  ///< of the peak and the features
    bool isFeatures = false;  ///< kept features of a frozen part, beside all steps: nothing of `owner` but the bytes
};

/// Who holds memory at the peak of the planned step: a row each, to be sorted by a proxy (SortRole).
class OwnersModel : public TableOf<OwnerRow> {
    Q_OBJECT
public:
    enum Column { Name, Node, Kind, Size, Share, kColumns };
    enum Role { SortRole = Qt::UserRole + 1 };
    using TableOf::TableOf;

    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    void set(const StepMemory& memory);
};

}  // namespace headroom::ui
