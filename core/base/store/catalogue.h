// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/errors/error.h"
#include "base/store/home.h"
#include "base/store/open_options.h"
#include "base/store/project.h"
#include "base/store/run_summary.h"

namespace headroom::store {

enum class RequestKind { Pause, Stop, Checkpoint, LearningRate };
std::string_view word(RequestKind kind);

/// Something asked of a running worker.
struct Request {
    std::int64_t id = 0;
    RunId run;
    RequestKind kind = RequestKind::Pause;
    double value = 0;    ///< LearningRate: the new one
    double created = 0;  ///< wall time
};

/// catalogue.sqlite of a project: the list of runs with their summaries, and the requests to workers. Several processes
/// write it in short transactions; everything in it but unanswered requests can be made again from the run folders.
/// One thread at a time; open one for each thread.
class Catalogue {
public:
    /// Made, and filled from the folders, where it is missing; set aside and made anew where it is damaged (a notice
    /// says so). Throws DB-02 where the file is not ours. In a folder that cannot be written, and where a newer version
    /// made it, it is read-only (readOnly()).
    explicit Catalogue(const Project& project, OpenOptions options = {});
    ~Catalogue();
    Catalogue(Catalogue&&) noexcept;
    Catalogue& operator=(Catalogue&&) noexcept;

    bool readOnly() const;
    const std::vector<Failure>& notices() const;
    /// Changes whenever another connection committed something. Costs microseconds: poll this, then list().
    std::int64_t dataVersion() const;

    /// All runs, newest first, states derived from the facts at hand. A thousand runs take a few milliseconds.
    std::vector<RunSummary> list(const Home& home) const;
    std::optional<RunSummary> find(const Home& home, const RunId& id) const;
    /// The run that a person means: its id, the unique start of one, or a name (the newest run of that name that is not
    /// in the trash). Throws RUN-01 where there is none, CLI-02 where a start of an id fits several.
    RunId resolve(const std::string& text) const;

    /// Puts in or replaces the row of one run. `state` is not stored. Throws STO-03 where the catalogue stays locked.
    void publish(const RunSummary& summary);
    /// Reads the run's folder and publishes it: after its notes changed.
    void refresh(const RunId& id);
    /// Forgets all rows and reads every folder. Nothing is lost. Returns the number of runs; folders that cannot be
    /// read are listed in notices().
    std::size_t rebuild();

    /// Asks the worker of a run; a later request of the same kind replaces the earlier one.
    void request(const RunId& run, RequestKind kind, double value = 0);
    /// Not yet answered, oldest first; empty run = of all runs.
    std::vector<Request> pending(const RunId& run = {}) const;
    /// The worker has done it. Until then the run is shown as pausing or stopping.
    void answered(std::int64_t requestId);
    /// A starting worker drops what was asked of an earlier one.
    void dropRequests(const RunId& run);

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::store
