// SPDX-License-Identifier: Apache-2.0
#include "base/store/catalogue.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/store/catalogue_parts.h"
#include "base/store/lock_file.h"
#include "base/store/queue.h"
#include "base/store/run_state.h"
#include "base/store/summaries.h"

namespace headroom::store {
namespace {

/// Folders below runs/ that are runs: whatever has a configuration or a database.
std::set<RunId> runsOnDisk(const Project& project) {
    std::set<RunId> ids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(project.runs(), error)) {
        const RunFolder run(entry.path());
        if (run.id().starts_with('.')) continue;  // being made
        if (std::filesystem::exists(run.config()) || std::filesystem::exists(run.database())) ids.insert(run.id());
    }
    return ids;
}

Failure setAside(const Error& cause, const std::filesystem::path& to) {
    return {.code = cause.code(),
            .subject = "catalogue.sqlite",
            .problem = "it was damaged and has been made anew from the run folders; the old file is kept",
            .found = escaped(to.filename().string()),
            .allowed = {},
            .remedy = {}};
}

double modifiedSeconds(const std::filesystem::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? static_cast<double>(info.st_mtim.tv_sec) : 0;
}

/// What a list looks up once for all of its rows.
struct Surroundings {
    std::map<std::filesystem::path, QueueEntry> queued;
    std::map<RunId, std::set<RequestKind>> requests;
};

Surroundings look(const Home& home, const Catalogue& catalogue) {
    Surroundings all;
    if (std::filesystem::exists(home.queue()))
        for (QueueEntry& entry : Queue(home).list()) all.queued.emplace(entry.run.path(), std::move(entry));
    for (const Request& request : catalogue.pending()) all.requests[request.run].insert(request.kind);
    return all;
}

StateFacts factsOf(const RunSummary& summary, const RunFolder& run, const Surroundings& around) {
    StateFacts facts;
    facts.lockHeld = isHeld(run.lock());
    if (const auto entry = around.queued.find(run.path()); entry != around.queued.end()) {
        facts.claimed = entry->second.claimedBy.pid != 0 && process::isAlive(entry->second.claimedBy);
        facts.queued = !facts.claimed;
    }
    facts.committed = summary.underWay;
    facts.justCreated = summary.pid == 0 && now() - summary.created < kJustCreatedSeconds;
    if (summary.end) facts.end = summary.end->state;
    if (const auto asked = around.requests.find(run.id()); asked != around.requests.end()) {
        facts.pauseRequested = asked->second.contains(RequestKind::Pause);
        facts.stopRequested = asked->second.contains(RequestKind::Stop);
    }
    const auto worker = facts.lockHeld ? recordedHolder(run.lock()) : std::nullopt;
    if (worker && worker->pid != summary.pid) {  // a new session that the row does not know yet
        facts.end.reset();
        facts.committed = false;
    }
    return facts;
}

}  // namespace

Catalogue::Parts::Parts(const Project& ofProject, OpenOptions openOptions)
    : project(ofProject), options(std::move(openOptions)), path(ofProject.catalogue()) {
    openSafely();
    notices.insert(notices.end(), database->notices().begin(), database->notices().end());
}

/// All that it holds can be made again, so a damaged one is set aside. Another program's file is left alone.
void Catalogue::Parts::openSafely() {
    try {
        database.emplace(path, catalogueSchema(), options);
        guarded(path, [&] { rows(); });
    } catch (const Error& error) {
        if (error.code() != Code::Db01 && error.code() != Code::Db03) throw;
        database.reset();
        auto aside = path;
        aside += fmt::format(".damaged-{}", static_cast<std::int64_t>(now()));
        std::filesystem::rename(path, aside);
        notices.push_back(setAside(error, aside));
        database.emplace(path, catalogueSchema(), options);
    }
}

std::vector<RunRow> Catalogue::Parts::rows() const {
    return guarded(path, [&] { return readRows(**database); });
}

RunRow Catalogue::Parts::fromFolder(const RunId& id) {
    const RunFolder folder = project.run(id);
    const std::int64_t seen = fingerprint(folder);
    try {
        return {RunReader(folder, options).summary(), seen};
    } catch (const Error& error) {
        notices.insert(notices.end(), error.failures().begin(), error.failures().end());
        RunRow row{birthSummary(folder), seen};
        row.summary.created = modifiedSeconds(folder.config());
        return row;
    }
}

/// Adds runs that came and drops rows whose folder went, by whatever way.
void Catalogue::Parts::reconcile() {
    auto onDisk = runsOnDisk(project);
    std::vector<RunId> gone;
    for (const RunRow& row : rows())
        if (onDisk.erase(row.summary.id) == 0) gone.push_back(row.summary.id);
    if (onDisk.empty() && gone.empty()) return;
    std::vector<RunRow> fresh;
    for (const RunId& id : onDisk) fresh.push_back(fromFolder(id));
    writing(path, **database, [&] {
        for (const RunId& id : gone) removeRow(**database, id);
        for (const RunRow& row : fresh) writeRow(**database, row, NotesPart::Replace);
    });
}

/// The row of a run without a worker: the last one may have gone without telling the catalogue. True where it changed.
bool Catalogue::Parts::settle(RunRow& row) {
    if (row.seen == fingerprint(project.run(row.summary.id))) return false;
    row = fromFolder(row.summary.id);
    if (!database->readOnly()) writing(path, **database, [&] { writeRow(**database, row, NotesPart::Replace); });
    return true;
}

Catalogue::Catalogue(const Project& project, OpenOptions options)
    : m_parts(std::make_unique<Parts>(project, std::move(options))) {
    const bool inMemory = !std::filesystem::exists(m_parts->path);
    if (!m_parts->database->readOnly() || inMemory) m_parts->reconcile();
}

Catalogue::~Catalogue() = default;
Catalogue::Catalogue(Catalogue&&) noexcept = default;
Catalogue& Catalogue::operator=(Catalogue&&) noexcept = default;

bool Catalogue::readOnly() const { return m_parts->database->readOnly(); }
const std::vector<Failure>& Catalogue::notices() const { return m_parts->notices; }
std::int64_t Catalogue::dataVersion() const {
    return guarded(m_parts->path, [&] { return m_parts->database->dataVersion(); });
}

std::vector<RunSummary> Catalogue::list(const Home& home) const {
    const Surroundings around = look(home, *this);
    std::vector<RunSummary> runs;
    for (RunRow& row : m_parts->rows()) {
        const RunFolder folder = m_parts->project.run(row.summary.id);
        StateFacts facts = factsOf(row.summary, folder, around);
        if (!facts.lockHeld && m_parts->settle(row)) facts = factsOf(row.summary, folder, around);
        row.summary.state = derive(facts);
        runs.push_back(std::move(row.summary));
    }
    return runs;
}

std::optional<RunSummary> Catalogue::find(const Home& home, const RunId& id) const {
    for (RunSummary& run : list(home))
        if (run.id == id) return std::move(run);
    return std::nullopt;
}

RunId Catalogue::resolve(const std::string& text) const {
    std::vector<RunId> beginning, named;
    for (const auto& [run, seen] : m_parts->rows()) {
        if (run.id == text) return run.id;
        if (!text.empty() && run.id.starts_with(text)) beginning.push_back(run.id);
        if (run.name == text && !run.trashed) named.push_back(run.id);
    }
    if (beginning.size() == 1) return beginning.front();
    if (!named.empty()) return named.front();  // rows come newest first
    if (beginning.empty())
        throw Error({.code = Code::Run01,
                     .subject = escaped(text),
                     .problem = "no such run",
                     .found = {},
                     .allowed = {},
                     .remedy = "`headroom runs` lists them."});
    throw Error({.code = Code::Cli02,
                 .subject = escaped(text),
                 .problem = "several runs begin like this",
                 .found = fmt::format("{}", fmt::join(beginning, ", ")),
                 .allowed = {},
                 .remedy = "Give more of the id."});
}

void Catalogue::publish(const RunSummary& summary) {
    writing(m_parts->path, **m_parts->database, [&] { writeRow(**m_parts->database, {summary, 0}, NotesPart::Keep); });
}

void Catalogue::refresh(const RunId& id) {
    const RunRow row = m_parts->fromFolder(id);
    writing(m_parts->path, **m_parts->database, [&] { writeRow(**m_parts->database, row, NotesPart::Replace); });
}

std::size_t Catalogue::rebuild() {
    std::vector<RunRow> rows;
    for (const RunId& id : runsOnDisk(m_parts->project)) rows.push_back(m_parts->fromFolder(id));
    writing(m_parts->path, **m_parts->database, [&] {
        (*m_parts->database)->exec("DELETE FROM run");
        for (const RunRow& row : rows) writeRow(**m_parts->database, row, NotesPart::Replace);
    });
    return rows.size();
}

}  // namespace headroom::store
