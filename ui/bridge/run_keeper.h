// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/store/queue.h"
#include "base/store/run_rescue.h"
#include "base/store/run_summary.h"

namespace headroom::ui {

/// Puts runs into the queue, and brings back those of them whose worker the kernel ended for want of memory. Any thread but
/// the window's: it waits for files.
class RunKeeper {
public:
    RunKeeper(std::filesystem::path home, std::filesystem::path project);

    /// Queues the run and sees to a worker.
    void queue(const store::RunId& run, const std::string& device, store::StartMode mode);
    /// Those of the listed runs that were queued here and are lost to the kernel wait for their device again, and are then
    /// listed so. Returns their places in the list. Throws as store::RunRescue and process::launchWorker do.
    std::vector<std::size_t> bringBack(std::vector<store::RunSummary>& listed);

private:
    struct Queued {
        std::string device;
        store::RunRescue rescue{};
    };
    bool comesBack(Queued& queued, const store::RunFolder& run) const;

    const std::filesystem::path m_home, m_project;
    std::mutex m_mutex;
    std::map<store::RunId, Queued> m_queued;
};

}  // namespace headroom::ui
