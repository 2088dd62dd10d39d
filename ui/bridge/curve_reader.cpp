// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/curve_reader.h"

#include <QFile>

#include <nlohmann/json.hpp>

namespace headroom::ui {
namespace {

constexpr int kPollMs = 250;

bool sameRange(const store::Range& a, const store::Range& b) { return a.axis == b.axis && a.from == b.from && a.to == b.to; }

QByteArray contents(const std::filesystem::path& path) {
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

void CurveReader::start() {
    m_timer = new QTimer(this);
    connect(m_timer, &QTimer::timeout, this, &CurveReader::poll);
    m_timer->start(kPollMs);
}

void CurveReader::watch(const Watch& watch) {
    const bool anew = !sameRange(watch.range, m_watch.range) || watch.series != m_watch.series ||
                      watch.maxPoints != m_watch.maxPoints || watch.selected != m_watch.selected;
    std::erase_if(m_open, [&](const auto& entry) { return !watch.runs.contains(entry.first); });
    for (auto& [run, open] : m_open) {
        const bool waslive = m_watch.live.contains(run);
        if (anew) open.seen.clear();
        if (anew || waslive || watch.live.contains(run)) open.settled = false;
        if (anew) open.events = -1;
    }
    m_watch = watch;
    poll();
}

void CurveReader::poll() {
    for (const QString& run : m_watch.runs) {
        try {
            read(run);
        } catch (const Error& error) {
            const QVector<Problem> problems = problemsOf(error);
            opened(run).settled = true;
            if (problems.first().text != m_lastProblem) Q_EMIT problem(problems.first());
            m_lastProblem = problems.first().text;
        }
    }
}

CurveReader::Open& CurveReader::opened(const QString& run) { return m_open[run]; }

void CurveReader::read(const QString& run) {
    Open& open = opened(run);
    if (open.settled) return;
    if (!open.reader)
        open.reader = std::make_unique<store::RunReader>(store::RunFolder(m_runsFolder / run.toStdString()));
    readSeries(run, open);
    if (run == m_watch.selected) readSelected(run, open);
    open.settled = !m_watch.live.contains(run);
}

void CurveReader::readSeries(const QString& run, Open& open) {
    std::vector<store::Session> sessions;
    for (const store::SeriesInfo& info : open.reader->series()) {
        const QString name = QString::fromStdString(info.name);
        if (!m_watch.series.contains(name)) continue;
        const auto seen = open.seen.find(name);
        if (seen != open.seen.end() && seen->second == info.count) continue;
        if (sessions.empty()) sessions = open.reader->sessions();
        auto data = std::make_shared<CurveData>();
        *data = {run, info, open.reader->read(info.id, m_watch.range, m_watch.maxPoints), sessions};
        for (const store::Gap& gap : data->curve.gaps)
            Q_EMIT problem({Severity::Warning, {}, run, QString::fromStdString(gap.sentence)});
        open.seen[name] = info.count;
        Q_EMIT curve(data);
    }
}

void CurveReader::readSelected(const QString& run, Open& open) {
    const std::vector<store::Event> all = open.reader->events();
    const auto count = static_cast<std::int64_t>(all.size());
    if (count == open.events) return;
    open.events = count;
    Q_EMIT events(run, all);
    Q_EMIT facts(run, QByteArray::fromStdString(open.reader->facts().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)), contents(open.reader->folder().config()));
}

}  // namespace headroom::ui
