// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors/error.h"
#include "base/store/open_options.h"
#include "base/store/run_folder.h"
#include "base/store/run_summary.h"
#include "base/store/series.h"

namespace headroom::store {

/// The only way to write a run's database, and only in the worker: holds the run's lock from construction to the end.
///
/// append(), event() and setFact() fill a buffer in memory (well under a microsecond a point); a thread of its own
/// commits it at most a second after the first entry. Committed is acknowledged: it survives the death of the process
/// and of the machine. Any thread may call any function. What fails in the thread is thrown by check(), once; nothing
/// is dropped, the next commit tries again: DSK-01 (disk full), DSK-02 (cannot be written).
class RunWriter {
public:
    /// Takes the lock and begins a session. A fresh run starts at step 0; a resumed one first calls rewindTo().
    /// An earlier end record is removed. Throws STO-01 where another process (or this one) writes the run, DB-01,
    /// DB-02, DB-03, DB-05, DB-06 where the database is unusable.
    explicit RunWriter(RunFolder folder, OpenOptions options = {});
    /// Commits what is left; without finish() the run counts as lost.
    ~RunWriter();
    RunWriter(const RunWriter&) = delete;
    RunWriter& operator=(const RunWriter&) = delete;

    const RunFolder& folder() const;
    /// What the user should know: DB-07 (rollback journal in place of the write-ahead log).
    const std::vector<Failure>& notices() const;

    /// Last step of any series of kind Step, those of earlier sessions among them; 0 where there is none.
    std::int64_t recordedStep() const;
    /// Drops the points after `step` of the series of kind Step: a resumed run makes them again.
    void rewindTo(std::int64_t step);

    /// The series of this name, made where it is missing. Unit as in "s", "bytes", "J", "1".
    SeriesId define(std::string_view name, std::string_view unit, SeriesKind kind = SeriesKind::Step);
    /// Steps of one series never go back, rewindTo() aside: INT-01. Readings (kind Time) go on while steps are made again: until the
    /// run has caught up, their progress stands still.
    void append(SeriesId series, const Moment& at, double value);
    /// Something that happened, for the log and the charts. `kind` as in Event.
    void event(std::string_view kind, std::string_view text, const Moment& at = {});
    void event(std::string_view kind, std::string_view text, const Moment& at, const nlohmann::json& details);
    /// A fact about the run by key; the last one counts. Keys with a meaning: "progress" {epoch, step, total_steps,
    /// samples, eta_s}, "classes", "graph", "reference" (statistics of the training data), "environment",
    /// "samples_per_s", "weights_sha256", "device", "wall_s", "memory" {process_growth, tensors_peak in bytes}, "receipt"
    /// {predicted, measured}: plan::RunFigures each.
    void setFact(std::string_view key, const nlohmann::json& value);

    /// Throws what the last commit of the writer's own thread met, and forgets it. Costs nothing: call it every step.
    void check();
    /// Writes everything appended so far and returns once it is on the disk.
    void commit();
    /// What the catalogue shows of this run, from memory: no database is read.
    RunSummary summary() const;

    /// Ends the run: end record, last commit, write-ahead log folded in, rollback journal, lock released. `reason` as
    /// in End. `metrics` is an object of last values. Only summary() may be called afterwards. A paused run ends here
    /// too.
    void finish(EndState state, std::string_view reason, const nlohmann::json& metrics, std::string_view code = {});

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::store
