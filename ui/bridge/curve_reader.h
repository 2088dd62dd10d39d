// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QStringList>
#include <QTimer>

#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "base/store/run_reader.h"
#include "ui/bridge/problem.h"
#include "ui/bridge/trace.h"

namespace headroom::ui {

/// What the charts want to see.
struct Watch {
    QStringList runs;
    QStringList live;    ///< those of `runs` that may still grow
    QStringList series;
    QString selected;    ///< whose events and facts are wanted
    store::Range range;  ///< all of it, or the part that the charts are zoomed to
    int maxPoints = 1200;
};

using EventList = std::vector<store::Event>;

/// Reads curves of the watched runs from a thread of its own: everything once, then what grew, four times a second.
class CurveReader : public QObject {
    Q_OBJECT
public:
    explicit CurveReader(std::filesystem::path runs) : m_runsFolder(std::move(runs)) {}

    /// Call in the thread that the reader lives in.
    void start();
    void watch(const headroom::ui::Watch& watch);
    void poll();

Q_SIGNALS:
    void curve(const headroom::ui::CurvePtr& curve);
    void events(const QString& run, const headroom::ui::EventList& events);
    /// All facts of the run as one JSON object, and its configuration.
    void facts(const QString& run, const QByteArray& facts, const QByteArray& config);
    void problem(const headroom::ui::Problem& problem);

private:
    struct Open {
        std::unique_ptr<store::RunReader> reader;
        std::map<QString, std::int64_t> seen;  ///< points that were there when a series was last read
        std::int64_t events = -1;
        bool settled = false;  ///< read after its end
    };
    Open& opened(const QString& run);
    void read(const QString& run);
    void readSeries(const QString& run, Open& open);
    void readSelected(const QString& run, Open& open);

    std::filesystem::path m_runsFolder;
    std::map<QString, Open> m_open;
    Watch m_watch;
    QTimer* m_timer = nullptr;
    QString m_lastProblem;
};

}  // namespace headroom::ui
