// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process/liveness.h"
#include "base/store/home.h"
#include "base/store/open_options.h"
#include "base/store/run_folder.h"

namespace headroom::store {

enum class StartMode { Start, Resume };

struct QueueEntry {
    std::int64_t id = 0;
    RunFolder run{std::filesystem::path{}};
    std::string device;  ///< "cpu", "cuda:0"
    StartMode mode = StartMode::Start;
    double created = 0;            ///< wall time
    process::ProcessId claimedBy;  ///< worker that is starting it; pid 0 = none
};

/// queue.sqlite of a home: runs that wait for a device, first come first served for each device. Needs no daemon:
/// whoever holds the device's lock claims the next entry. One thread at a time.
class Queue {
public:
    explicit Queue(const Home& home, OpenOptions options = {});
    ~Queue();
    Queue(Queue&&) noexcept;
    Queue& operator=(Queue&&) noexcept;

    /// Adds the run at the end of the device's queue and returns the entry's id; a run that already waits keeps its
    /// entry. Throws STO-03 where the queue stays locked.
    std::int64_t enqueue(const RunFolder& run, const std::string& device, StartMode mode = StartMode::Start);
    /// The device's next entry, marked as claimed by this process, or nothing. It stays in the queue until remove(),
    /// which the worker calls once it holds the run's lock: a worker that dies in between gives it back. An entry whose
    /// workers died three times is dropped.
    std::optional<QueueEntry> claim(const std::string& device);
    void remove(std::int64_t entryId);
    /// Takes the run out, as long as no worker has claimed it. False where it was not waiting.
    bool cancel(const RunFolder& run);
    /// In order of start for each device; empty device = all.
    std::vector<QueueEntry> list(const std::string& device = {}) const;
    std::optional<QueueEntry> find(const RunFolder& run) const;
    /// Entries before this one on its device, the running ones not counted.
    std::int64_t position(const RunFolder& run) const;
    /// Changes whenever another connection committed something.
    std::int64_t dataVersion() const;

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::store
