// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_writer.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/store/lock_file.h"
#include "base/store/summaries.h"
#include "base/store/writer_database.h"

namespace headroom::store {
namespace {

constexpr auto kLongestWait = std::chrono::seconds(1);
constexpr auto kBetweenTries = std::chrono::milliseconds(2);

Error inUse(const RunFolder& folder) {
    const auto holder = recordedHolder(folder.lock());
    return Error({.code = Code::Sto01,
                  .subject = folder.id(),
                  .problem = "another process writes this run",
                  .found = holder ? fmt::format("pid {}", holder->pid) : std::string{},
                  .allowed = {},
                  .remedy = "Wait until it ends, or stop it first."});
}

/// Tries for a second: a look at the lock by somebody who asks for the run's state also takes it, for microseconds.
LockFile takeLock(const RunFolder& folder) {
    if (!std::filesystem::exists(folder.path()))
        throw Error({.code = Code::Run01, .subject = folder.id(), .problem = "no such run"});
    const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
    while (true) {
        if (auto lock = LockFile::tryTake(folder.lock())) return *std::move(lock);
        const auto holder = recordedHolder(folder.lock());
        if ((holder && process::isAlive(*holder)) || std::chrono::steady_clock::now() > deadline) throw inUse(folder);
        std::this_thread::sleep_for(kBetweenTries);
    }
}

std::string dumped(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct Sample {
    SeriesId series;
    Point point;
};

/// What came since the last commit took it over.
struct Buffer {
    std::vector<Sample> samples;
    std::vector<SeriesInfo> series;
    std::vector<Event> events;
    std::map<std::string, nlohmann::json> facts;

    bool empty() const { return samples.empty() && series.empty() && events.empty() && facts.empty(); }
};

}  // namespace

struct RunWriter::Parts {
    Parts(RunFolder runFolder, OpenOptions openOptions)
        : folder(std::move(runFolder)),
          options(std::move(openOptions)),
          lock(takeLock(folder)),
          database(folder, options, notices) {}

    void load();
    void loadSparkline();
    void take();
    void place(const Buffer& fresh);
    void commit();
    void forget();
    void run(const std::stop_token& stop);
    void note(const Error& error);

    const RunFolder folder;
    const OpenOptions options;
    std::vector<Failure> notices;
    std::optional<LockFile> lock;

    // Guarded by bufferMutex, never held during a write.
    std::mutex bufferMutex;
    std::condition_variable_any wake;
    Buffer buffer;
    std::map<std::string, SeriesId, std::less<>> ids;
    struct Tail {
        SeriesKind kind = SeriesKind::Step;
        Moment last;
    };
    std::vector<Tail> tails;  ///< by series id - 1
    std::optional<Error> failure;
    std::atomic<bool> failed{false};
    std::atomic<bool> unwritten{false};  ///< something was taken over and its write failed

    // Guarded by databaseMutex.
    std::mutex databaseMutex;
    WriterDatabase database;
    std::map<SeriesId, Pyramid> pyramids;
    std::map<SeriesId, SeriesInfo> series;
    Batch batch;  ///< all but the chunks, kept until a commit succeeds
    Live live;
    Sparkline sparkline;
    SeriesId lossSeries = 0;  ///< feeds the sparkline; 0 = not there yet

    std::jthread thread;  // last: stops before the rest goes
};

/// What an earlier process of this run has left.
void RunWriter::Parts::load() {
    guarded(folder.database(), [&] {
        SQLite::Database& connection = database.connection();
        live.birth = {readMeta(connection, "id"), std::strtod(readMeta(connection, "created").c_str(), nullptr),
                      readMeta(connection, "parent"), readMeta(connection, "relation")};
        live.facts = readFacts(connection);
        live.sessions = readSessions(connection);
        for (SeriesInfo& info : readSeries(connection)) series.emplace(info.id, std::move(info));
    });
    for (const auto& [id, info] : series) {
        const Pyramid& pyramid = pyramids.insert_or_assign(id, database.pyramid(id, info.count)).first->second;
        ids[info.name] = id;
        if (info.name == names::kTrainLoss) lossSeries = id;
        tails.resize(static_cast<std::size_t>(id));
        tails[static_cast<std::size_t>(id) - 1] = {info.kind, info.count > 0 ? pyramid.last().at : Moment{}};
        if (info.count > 0) live.lasts[info.name] = pyramid.last();
    }
    loadSparkline();
}

void RunWriter::Parts::loadSparkline() {
    sparkline = {};
    if (lossSeries == 0) return;
    guarded(folder.database(), [&] {
        const std::int64_t count = pyramids.at(lossSeries).count();
        if (count == 0) return;
        forChunks(database.connection(), lossSeries, 0, 0, (count - 1) / kPointsPerChunk,
                  [&](const StoredChunk& chunk) {
                      const auto points = chunk.intact ? decodePoints(chunk.data, chunk.count) : std::nullopt;
                      for (const Point& point : points.value_or(std::vector<Point>{})) sparkline.add(point.value);
                  });
    });
}

/// Moves the buffer's content to where a commit takes it from.
void RunWriter::Parts::take() {
    Buffer fresh;
    {
        const std::lock_guard guard(bufferMutex);
        std::swap(fresh, buffer);
        buffer.samples.reserve(fresh.samples.size());
    }
    place(fresh);
}

void RunWriter::Parts::place(const Buffer& fresh) {
    for (const SeriesInfo& info : fresh.series) {
        series.emplace(info.id, info);
        pyramids.emplace(info.id, Pyramid(info.id));
        batch.series.push_back(info);
        if (info.name == names::kTrainLoss) lossSeries = info.id;
    }
    for (const auto& [id, point] : fresh.samples) {
        Pyramid& pyramid = pyramids.at(id);
        pyramid.append(point);
        batch.counts[id] = pyramid.count();
        if (id == lossSeries) sparkline.add(point.value);
    }
    for (const auto& [id, count] : batch.counts) live.lasts[series.at(id).name] = pyramids.at(id).last();
    batch.events.insert(batch.events.end(), fresh.events.begin(), fresh.events.end());
    for (const auto& [key, value] : fresh.facts) {
        live.facts[key] = value;
        batch.facts[key] = dumped(value);
    }
    if (batch.counts.empty()) return;
    live.facts["sparkline"] = sparkline.values();
    batch.facts["sparkline"] = dumped(live.facts["sparkline"]);
}

/// With databaseMutex held.
void RunWriter::Parts::commit() {
    take();
    for (const auto& [id, count] : batch.counts) batch.chunks.merge(pyramids.at(id).changed());
    if (batch.empty()) return;
    unwritten = true;
    batch.lastCommit = batch.counts.empty() ? 0 : now();
    try {
        database.write(batch);
    } catch (const Error&) {
        batch.chunks.clear();  // the pyramids still have them, with what comes until the next try
        throw;
    }
    forget();
}

void RunWriter::Parts::forget() {
    for (const auto& [id, count] : batch.counts) pyramids.at(id).forget();
    if (batch.lastCommit > 0) live.sessions.back().lastCommit = batch.lastCommit;
    batch = {};
    unwritten = false;
}

void RunWriter::Parts::note(const Error& error) {
    const std::lock_guard guard(bufferMutex);
    failure = error;
    failed = true;
}

void RunWriter::Parts::run(const std::stop_token& stop) {
    const auto interval = std::chrono::milliseconds(options.commitIntervalMs);
    while (true) {
        {
            std::unique_lock guard(bufferMutex);
            if (!wake.wait(guard, stop, [this] { return !buffer.empty() || unwritten; })) return;
            if (wake.wait_for(guard, stop, interval, [] { return false; }); stop.stop_requested()) return;
        }
        try {
            const std::lock_guard guard(databaseMutex);
            commit();
        } catch (const Error& error) {
            note(error);
        }
    }
}

RunWriter::RunWriter(RunFolder folder, OpenOptions options)
    : m_parts(std::make_unique<Parts>(std::move(folder), std::move(options))) {
    m_parts->load();
    m_parts->live.sessions.push_back(m_parts->database.beginSession());
    if (m_parts->options.commitIntervalMs > 0)
        m_parts->thread = std::jthread([parts = m_parts.get()](const std::stop_token& stop) { parts->run(stop); });
}

RunWriter::~RunWriter() {
    if (!m_parts->lock) return;  // finished
    m_parts->thread = {};
    try {
        commit();
    } catch (const Error&) {
        // A destructor cannot report; whoever must know has called commit() or finish() before.
    }
}

const RunFolder& RunWriter::folder() const { return m_parts->folder; }
const std::vector<Failure>& RunWriter::notices() const { return m_parts->notices; }

std::int64_t RunWriter::recordedStep() const {
    const std::lock_guard guard(m_parts->databaseMutex);
    const std::lock_guard buffered(m_parts->bufferMutex);
    std::int64_t step = 0;
    for (const auto& [id, info] : m_parts->series)
        if (info.kind == SeriesKind::Step) step = std::max(step, m_parts->tails[static_cast<std::size_t>(id) - 1].last.step);
    return step;
}

void RunWriter::rewindTo(std::int64_t step) {
    Parts& p = *m_parts;
    const std::lock_guard guard(p.databaseMutex);
    p.commit();
    std::map<SeriesId, Pyramid> kept;
    for (auto& [id, info] : p.series) {
        if (info.kind == SeriesKind::Time) continue;
        info.count = p.database.countUpTo(info, step);
        if (info.count < p.pyramids.at(id).count()) kept.insert_or_assign(id, p.database.pyramid(id, info.count));
    }
    for (auto& [id, pyramid] : kept) pyramid.touch();
    p.database.rewind(kept, step);
    p.live.sessions.back().fromStep = step;
    const std::lock_guard buffered(p.bufferMutex);
    for (auto& [id, pyramid] : kept) {
        pyramid.forget();
        const std::string& name = p.series.at(id).name;
        if (pyramid.count() > 0)
            p.live.lasts[name] = pyramid.last();
        else
            p.live.lasts.erase(name);
        p.tails[static_cast<std::size_t>(id) - 1].last = pyramid.last().at;
        p.pyramids.insert_or_assign(id, std::move(pyramid));
    }
    p.loadSparkline();
}

SeriesId RunWriter::define(std::string_view name, std::string_view unit, SeriesKind kind) {
    Parts& p = *m_parts;
    const std::lock_guard guard(p.bufferMutex);
    if (const auto found = p.ids.find(name); found != p.ids.end()) return found->second;
    SeriesInfo info;
    info.id = static_cast<SeriesId>(p.tails.size()) + 1;
    info.name = name;
    info.unit = unit;
    info.kind = kind;
    p.ids.emplace(info.name, info.id);
    p.tails.push_back({kind, {}});
    p.buffer.series.push_back(info);
    p.wake.notify_one();
    return info.id;
}

void RunWriter::append(SeriesId series, const Moment& at, double value) {
    Parts& p = *m_parts;
    const std::lock_guard guard(p.bufferMutex);
    Parts::Tail& tail = p.tails.at(static_cast<std::size_t>(series) - 1);
    Moment moment = at;
    if (at.step < tail.last.step) {
        if (tail.kind == SeriesKind::Step)
            throw Error({.code = Code::Int01,
                         .subject = fmt::format("series {}", series),
                         .problem = "steps go back",
                         .found = fmt::format("{} after {}", at.step, tail.last.step)});
        moment = tail.last;
        moment.wallTime = at.wallTime;
    }
    tail.last = moment;
    const bool first = p.buffer.empty();
    p.buffer.samples.push_back({series, {stored(moment), value}});
    if (first) p.wake.notify_one();
}

void RunWriter::event(std::string_view kind, std::string_view text, const Moment& at) {
    event(kind, text, at, nlohmann::json::object());
}

void RunWriter::event(std::string_view kind, std::string_view text, const Moment& at, const nlohmann::json& details) {
    const std::lock_guard guard(m_parts->bufferMutex);
    m_parts->buffer.events.push_back(
        {0, at.wallTime > 0 ? at.wallTime : now(), at.step, std::string(kind), std::string(text), dumped(details)});
    m_parts->wake.notify_one();
}

void RunWriter::setFact(std::string_view key, const nlohmann::json& value) {
    const std::lock_guard guard(m_parts->bufferMutex);
    m_parts->buffer.facts[std::string(key)] = value;
    m_parts->wake.notify_one();
}

void RunWriter::check() {
    if (!m_parts->failed) return;
    const std::lock_guard guard(m_parts->bufferMutex);
    m_parts->failed = false;
    if (const auto error = std::exchange(m_parts->failure, std::nullopt)) throw *error;
}

void RunWriter::commit() {
    const std::lock_guard guard(m_parts->databaseMutex);
    m_parts->commit();
}

RunSummary RunWriter::summary() const {
    RunSummary summary = birthSummary(m_parts->folder);
    const std::lock_guard guard(m_parts->databaseMutex);
    fill(summary, m_parts->live);
    return summary;
}

void RunWriter::finish(EndState state, std::string_view reason, const nlohmann::json& metrics, std::string_view code) {
    commit();
    Parts& p = *m_parts;
    {
        const std::lock_guard guard(p.databaseMutex);
        const End end{state, std::string(reason), std::string(code), now()};
        p.database.end(end, dumped(metrics));
        p.live.end = end;
        p.live.endMetrics = metrics;
    }
    p.thread = {};
    p.database.close();
    p.lock.reset();
}

}  // namespace headroom::store
