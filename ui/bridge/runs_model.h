// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractListModel>


#include <map>
#include <optional>
#include <vector>

#include "base/store/run_summary.h"

Q_DECLARE_METATYPE(headroom::store::RunSummary)

namespace headroom::ui {

using RunList = std::vector<store::RunSummary>;

/// The runs of the project, newest first. GUI thread only. A new list is merged: rows are inserted, removed and
/// changed one by one, so that selection and scroll position stay; the model never resets.
class RunsModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { IdRole = Qt::UserRole + 1, SummaryRole, StateRole, SeriesRole, SearchRole };
    static constexpr int kNotShown = -1;

    using QAbstractListModel::QAbstractListModel;
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    /// A new name asks for it (renamed); the row changes once the store has it.
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

    void merge(const RunList& runs);
    const store::RunSummary* find(const QString& id) const;
    const RunList& all() const { return m_runs; }
    QModelIndex indexOf(const QString& id) const;
    /// Series colours of the runs that are drawn, by id.
    void setShown(const std::map<QString, int>& shown);

Q_SIGNALS:
    void renamed(const QString& run, const QString& before, const QString& name);
    /// The state of a run that was there before changed.
    void stateChanged(const QString& run, headroom::store::RunState before, headroom::store::RunState now);

private:
    void removeMissing(const RunList& runs);
    void update(int row, const store::RunSummary& now);

    RunList m_runs;
    std::map<QString, int> m_shown;
};

/// "running · ≈ 4–5 min left", "finished · 11 min · 214 kJ": the second line of a run.
QString subtitle(const store::RunSummary& run);
/// The figure that stands for a run: mean IoU, accuracy, R², else the loss.
std::optional<double> headline(const store::RunSummary& run);
QString stateText(store::RunState state);

}  // namespace headroom::ui
