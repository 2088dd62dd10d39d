// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStringList>
#include <QVector>

#include <array>

#include "base/plan/program.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

/// Bytes by kind along some axis.
struct StackData {
    QVector<double> x;
    std::array<QVector<double>, plan::kKinds> bytes;  ///< by kind; as many as x each, or none
    QStringList moments;                              ///< what stands at each x, in words

    double at(plan::Kind kind, qsizetype index) const;
    double total(qsizetype index) const;
    bool has(plan::Kind kind) const;
};

struct StackRow {
    QString moment;
    double total = 0;
    std::array<double, plan::kKinds> bytes{};
};

/// Such data as rows of moment, total and kinds: a chart for those who read it by ear or want its figures.
class StackTable : public TableOf<StackRow> {
    Q_OBJECT
public:
    using TableOf::TableOf;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 2 + static_cast<int>(plan::kKinds); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    void set(const StackData& data);
};

}  // namespace headroom::ui
