// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/run_keeper.h"

#include "base/process/launch.h"
#include "base/store/project.h"
#include "base/store/run_state.h"

namespace headroom::ui {
namespace {

/// Workers give way to the window.
constexpr int kNiceness = 5;

}  // namespace

RunKeeper::RunKeeper(std::filesystem::path home, std::filesystem::path project) : m_home(std::move(home)), m_project(std::move(project)) {}

void RunKeeper::queue(const store::RunId& run, const std::string& device, store::StartMode mode) {
    const std::lock_guard lock(m_mutex);
    m_queued.insert_or_assign(run, Queued{device});
    const store::Home home(m_home);
    store::Queue(home).enqueue(store::Project::open(m_project).run(run), device, mode);
    process::launchWorker(home.path(), device, kNiceness);
}

std::vector<std::size_t> RunKeeper::bringBack(std::vector<store::RunSummary>& listed) {
    const std::lock_guard lock(m_mutex);
    std::vector<std::size_t> back;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        if (listed[i].state != store::RunState::Lost) continue;
        const auto ours = m_queued.find(listed[i].id);
        if (ours == m_queued.end()) continue;
        const store::RunFolder run = store::Project::open(m_project).run(listed[i].id);
        listed[i].state = store::runState(store::Home(m_home), run);  // the list may be older than what somebody did
        if (listed[i].state != store::RunState::Lost) continue;
        if (comesBack(ours->second, run)) {
            listed[i].state = store::RunState::Queued;
            back.push_back(i);
        } else {
            m_queued.erase(ours);  // it is reported, and lies there until somebody resumes it
        }
    }
    return back;
}

bool RunKeeper::comesBack(Queued& queued, const store::RunFolder& run) const {
    const store::Home home(m_home);
    if (queued.rescue.attempt(home, run, queued.device) != store::RunRescue::Verdict::Resume) return false;
    process::launchWorker(home.path(), queued.device, kNiceness);
    return true;
}

}  // namespace headroom::ui
