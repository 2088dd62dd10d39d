// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include "ui/widgets/table_of.h"

namespace headroom::ui {

/// A parameter and the tensors of the file that it is made of, or either alone.
struct WeightRow {
    enum class Standing { Unknown, Misfit, Missing, Fresh, Match, Surplus };
    Standing standing = Standing::Match;
    QString parameter;     ///< empty of a tensor that the net does not have
    QStringList tensors;   ///< joined along their first dimension where there are several
    QString remark;        ///< "transposed", "[10, 64] in place of [5, 64]"
};

/// What a file's tensors are in a net, from the worker's answer to `weights`: what is wrong first. The tensors of a parameter can be
/// edited: names with commas between them, nothing = it stays as the seed draws it.
class WeightsModel : public TableOf<WeightRow> {
    Q_OBJECT
public:
    enum Column { Parameter, Tensors, Remark, kColumns };
    using TableOf::TableOf;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

    void set(const QJsonObject& answer);
    int count(WeightRow::Standing standing) const;
    /// Whether a run can begin with them: nothing is missing, of another shape or unknown.
    bool isComplete() const;

Q_SIGNALS:
    void edited(const QString& parameter, const QStringList& tensors);
};

}  // namespace headroom::ui
