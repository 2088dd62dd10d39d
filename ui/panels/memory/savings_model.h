// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>

#include <map>
#include <optional>

#include "base/units/units.h"
#include "ui/bridge/runs_model.h"
#include "ui/widgets/table_of.h"

namespace headroom::ui {

/// One configuration of a savings experiment, as its run measured it; what is not known yet is empty.
struct SavingsRow {
    QString run, title;
    store::RunState state = store::RunState::Queued;
    std::optional<Bytes> peak, growth;
    std::optional<double> stepSeconds, loss;
};

/// The newest savings experiment among the runs: the settings as they were, each technique alone, all together. Its runs
/// are ordinary ones that carry the experiment's tag.
class SavingsModel : public TableOf<SavingsRow> {
    Q_OBJECT
public:
    enum Column { Technique, State, Peak, Growth, Time, Loss, kColumns };
    /// Begins every tag of an experiment; what follows tells one from another and grows with time.
    static constexpr const char* kTag = "savings ";
    using TableOf::TableOf;

    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : kColumns; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// The rows of the newest experiment. Returns ended runs whose facts are not known yet.
    QStringList follow(const RunsModel& runs);
    void setFacts(const QString& run, const QJsonObject& facts, const RunsModel& runs);
    bool isRunning() const;

private:
    struct Measured {
        std::optional<Bytes> peak, growth;
    };
    std::map<QString, Measured> m_measured;  ///< by run
};

}  // namespace headroom::ui
