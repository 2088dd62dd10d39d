// SPDX-License-Identifier: Apache-2.0
#include "cli/follow.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>

#include "base/process/launch.h"
#include "base/store/lock_file.h"
#include "base/store/queue.h"
#include "base/store/run_rescue.h"
#include "base/store/waiting.h"
#include "base/store/worker_record.h"
#include "cli/signals.h"

namespace headroom::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPollMs = 100;
constexpr int kFirstPollMs = 20;  // until the first step: the start should not look slower than it is
constexpr auto kUntakenAfter = std::chrono::seconds(3);
constexpr int kMostLaunches = 3;

Error untaken(const Chosen& chosen, const std::string& device) {
    return Error(Failure{Code::Wrk03, chosen.run.id(), "no worker takes the run", {}, {},
                         fmt::format("See {}, then: headroom resume {}", chosen.home.workerLog(device).string(), chosen.run.id())});
}

Exit statusOf(const store::RunSummary& run) {
    if (run.state == store::RunState::Diverged) return Exit::Diverged;
    for (const CodeInfo& known : allCodes())
        if (run.end && known.text == run.end->code) return known.exit == Exit::Ok ? Exit::Failure : known.exit;
    return Exit::Failure;
}

class Follower {
public:
    Follower(const Chosen& chosen, const FollowOptions& options, Spectator& spectator)
        : m_chosen(chosen), m_options(options), m_spectator(spectator), m_reader(chosen.run) {}

    Ending follow() {
        for (;;) {
            const store::RunState state = look();
            tellState(state);
            tellNews();
            if (store::isOver(state)) {
                if (state != store::RunState::Lost || !comesBack()) return ending(state);
                continue;
            }
            if (!passOn() && state == store::RunState::Queued) return takenOut();
            if (state == store::RunState::Queued) keepTaken();
            m_signals.wait(m_hasSteps ? kPollMs : kFirstPollMs);
        }
    }

private:
    /// The state, where an end record of an earlier session does not count as an end: the worker of this one may hold the
    /// lock already and not have removed it yet.
    store::RunState look() {
        const store::RunState found = store::runState(m_chosen.home, m_chosen.run);
        if (const auto state = store::stateOfSession(found, m_reader.end(), m_options.since)) {
            if (!store::isOver(*state)) m_lostSince.reset();
            m_staleSince.reset();
            return *state;
        }
        if (!m_staleSince) m_staleSince = Clock::now();
        return Clock::now() - *m_staleSince < kUntakenAfter ? store::RunState::Starting : store::RunState::Lost;
    }

    void tellState(store::RunState state) {
        std::int64_t position = 0;
        if (state == store::RunState::Queued) position = store::Queue(m_chosen.home).position(m_chosen.run);
        if (m_told == state && position == m_position) return;
        m_told = state;
        m_position = position;
        m_spectator.state(state, position);
    }

    void tellNews() {
        const store::Changes changes = m_reader.newSince(m_cursor);
        if (!changes.any) return;
        std::map<std::string, std::vector<store::Point>> points;
        for (const auto& [id, added] : changes.points) points[nameOf(id)] = added;
        if (changes.rewound) dropTold(points);
        const store::RunSummary run = m_reader.summary();
        m_hasSteps = run.progress.step > 0;
        m_spectator.news(points, changes.events, run);
    }

    /// A run that was resumed comes again from its start; of that only what is made again is news.
    void dropTold(std::map<std::string, std::vector<store::Point>>& points) const {
        const std::int64_t from = m_reader.sessions().back().fromStep;
        for (auto& [name, added] : points) std::erase_if(added, [from](const store::Point& point) { return point.at.step <= from; });
    }

    const std::string& nameOf(store::SeriesId id) {
        if (!m_names.contains(id))
            for (const store::SeriesInfo& series : m_reader.series()) m_names[series.id] = series.name;
        return m_names[id];
    }

    /// False where a signal came and took the run out of the queue.
    bool passOn() {
        if (const int signal = m_signals.take()) m_pending = m_first = signal;
        if (m_pending == 0) return true;
        if (store::takeOut(m_chosen.home, m_chosen.project, m_chosen.run.id(), store::EndState::Paused,
                           "interrupted while it was waiting"))
            return false;
        const auto worker = store::holder(m_chosen.run);
        if (worker && process::sendSignal(*worker, m_pending)) m_pending = 0;
        return true;
    }

    /// A worker that was killed between two runs leaves the queue to whoever comes; here we are.
    void keepTaken() {
        if (store::isHeld(m_chosen.home.deviceLock(m_options.device))) {
            m_freeSince.reset();
            return;
        }
        if (!m_freeSince) m_freeSince = Clock::now();
        if (Clock::now() - *m_freeSince < kUntakenAfter) return;
        if (m_launches++ == kMostLaunches) throw untaken(m_chosen, m_options.device);
        m_freeSince.reset();
        process::launchWorker(m_chosen.home.path(), m_options.device);
    }

    /// Whether a lost run goes on: its starter sees to it, an onlooker gives the starter a moment.
    bool comesBack() {
        using Verdict = store::RunRescue::Verdict;
        if (m_options.role == Role::Onlooker) return isAwaited();
        if (m_first != 0) return false;  // it was to end anyway
        m_verdict = m_rescue.attempt(m_chosen.home, m_chosen.run, m_options.device);
        if (m_verdict != Verdict::Resume) return false;
        m_launches = 0;
        process::launchWorker(m_chosen.home.path(), m_options.device);
        return true;
    }

    bool isAwaited() {
        if (!process::isKernelsDoing(store::deathOfWorker(m_chosen.run))) return false;
        if (!m_lostSince) m_lostSince = Clock::now();
        if (Clock::now() - *m_lostSince >= kUntakenAfter) return false;
        m_signals.wait(kPollMs);
        return true;
    }

    std::string lossSentence(const store::RunSummary& run) const {
        const char* what = "The worker stopped unexpectedly";
        if (process::isKernelsDoing(store::deathOfWorker(m_chosen.run))) what = "The kernel ended the worker for want of memory";
        const char* often = m_verdict == store::RunRescue::Verdict::TooOften ? ", once more after three times in five minutes" : "";
        return fmt::format("{} at step {}{}. Go on with: headroom resume {}", what, run.progress.step, often, run.id);
    }

    Ending takenOut() { return {summary(store::RunState::Paused), signalStatus(), {}, {}}; }

    store::RunSummary summary(store::RunState state) const {
        store::RunSummary run = m_reader.summary();
        run.state = state;
        return run;
    }

    int signalStatus() const { return m_first == SIGINT ? 130 : 143; }

    Ending ending(store::RunState state) {
        tellNews();
        Ending ending{summary(state), 0, {}, {}};
        if (state == store::RunState::Lost) {
            ending.status = static_cast<int>(Exit::WorkerCrashed);
            ending.code = "WRK-01";
            ending.sentence = lossSentence(ending.run);
        } else if (state == store::RunState::Paused) {
            ending.status = m_first == 0 ? 0 : signalStatus();
        } else if (state != store::RunState::Finished) {
            ending.status = static_cast<int>(statusOf(ending.run));
            ending.code = ending.run.end ? ending.run.end->code : std::string{};
            ending.sentence = ending.run.end ? ending.run.end->reason : std::string{};
        }
        return ending;
    }

    const Chosen& m_chosen;
    const FollowOptions& m_options;
    Spectator& m_spectator;
    store::RunReader m_reader;
    Signals m_signals;
    store::Cursor m_cursor;
    std::map<store::SeriesId, std::string> m_names;
    std::optional<store::RunState> m_told;
    std::int64_t m_position = 0;
    bool m_hasSteps = false;
    int m_pending = 0;  // signal still to be delivered
    int m_first = 0;    // last signal that came
    int m_launches = 0;
    std::optional<Clock::time_point> m_freeSince, m_staleSince, m_lostSince;
    store::RunRescue m_rescue;
    store::RunRescue::Verdict m_verdict = store::RunRescue::Verdict::OtherDeath;
};

}  // namespace

Ending follow(const Chosen& chosen, const FollowOptions& options, Spectator& spectator) {
    return Follower(chosen, options, spectator).follow();
}

}  // namespace headroom::cli
