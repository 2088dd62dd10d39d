// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <map>

#include "ui/bridge/curve_reader.h"
#include "ui/panels/context.h"
#include "ui/widgets/stack_chart.h"

namespace headroom::ui {

/// The series that hold a run's measured memory, kind by kind.
QStringList memorySeries();

/// Memory that the selected run was measured to take, by kind, against what its own configuration was planned to take.
class LiveCard : public StackChart {
    Q_OBJECT
public:
    explicit LiveCard(const Context& context, QWidget* parent = nullptr);

    void setCurve(const CurvePtr& curve);
    void setEvents(const EventList& events);
    /// Facts and configuration of the selected run, as JSON.
    void setFacts(const QByteArray& facts, const QByteArray& config);

private:
    void clear();
    void gather();
    void placeEvents();
    void explainEmpty();
    void summarise();
    QStringList unplannedKinds() const;

    Context m_context;
    std::map<QString, CurvePtr> m_curves;  ///< by series
    EventList m_events;
    std::optional<Bytes> m_predicted;
    QTimer m_gather;
};

}  // namespace headroom::ui
