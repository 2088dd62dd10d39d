// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_link.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace headroom::store {
namespace {

constexpr auto kLook = std::chrono::milliseconds(200);
constexpr int kLooksPerPublish = 5;

}  // namespace

struct RunLink::Parts {
    Parts(const Project& ofProject, const RunWriter& ofWriter) : project(ofProject), writer(ofWriter) {}

    void run(const std::stop_token& stop);
    void visit(bool publish);
    void lookForRequests();
    void answer();

    const Project project;
    const RunWriter& writer;

    // Of the thread alone.
    std::optional<Catalogue> catalogue;
    bool dropped = false;  ///< what an earlier worker was asked
    std::int64_t version = -1;
    std::set<std::int64_t> seen;

    std::mutex mutex;  ///< guards what follows
    std::condition_variable_any wake;
    std::vector<Request> fresh;
    std::vector<std::int64_t> done;

    std::jthread thread;
};

void RunLink::Parts::run(const std::stop_token& stop) {
    for (int look = 0; !stop.stop_requested(); ++look) {
        visit(look % kLooksPerPublish == 0);
        std::unique_lock guard(mutex);
        wake.wait_for(guard, stop, kLook, [this] { return !done.empty(); });
    }
    visit(true);
}

void RunLink::Parts::visit(bool publish) {
    try {
        if (!catalogue) catalogue.emplace(project);
        if (!dropped) catalogue->dropRequests(writer.folder().id());
        dropped = true;
        answer();
        if (publish) catalogue->publish(writer.summary());
        lookForRequests();
    } catch (const Error&) {
        // The list may be late, the training not: the next visit tries again, and a rebuild finds everything.
        catalogue.reset();
        version = -1;
    }
}

void RunLink::Parts::answer() {
    std::vector<std::int64_t> ids;
    {
        const std::lock_guard guard(mutex);
        ids = done;
    }
    for (const auto id : ids) catalogue->answered(id);
    const std::lock_guard guard(mutex);
    done.erase(done.begin(), done.begin() + static_cast<std::ptrdiff_t>(ids.size()));
}

void RunLink::Parts::lookForRequests() {
    const auto now = catalogue->dataVersion();
    if (std::exchange(version, now) == now) return;
    for (const Request& request : catalogue->pending(writer.folder().id())) {
        if (!seen.insert(request.id).second) continue;
        const std::lock_guard guard(mutex);
        fresh.push_back(request);
    }
}

RunLink::RunLink(const Project& project, const RunWriter& writer) : m_parts(std::make_unique<Parts>(project, writer)) {
    m_parts->thread = std::jthread([parts = m_parts.get()](const std::stop_token& stop) { parts->run(stop); });
}

RunLink::~RunLink() { m_parts->thread = {}; }

std::vector<Request> RunLink::takeRequests() {
    const std::lock_guard guard(m_parts->mutex);
    return std::exchange(m_parts->fresh, {});
}

void RunLink::answered(std::int64_t requestId) {
    {
        const std::lock_guard guard(m_parts->mutex);
        m_parts->done.push_back(requestId);
    }
    m_parts->wake.notify_one();
}

}  // namespace headroom::store
