// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "base/store/catalogue.h"
#include "base/store/run_writer.h"

namespace headroom::store {

/// A worker's tie to the catalogue, in a thread of its own so that no step waits for a lock: publishes the writer's
/// summary at most once a second and looks five times a second for requests. A catalogue that stays locked, or that
/// went away, is tried again later; training never fails because of it.
class RunLink {
public:
    /// Drops requests made to an earlier worker. `writer` must outlive the link.
    RunLink(const Project& project, const RunWriter& writer);
    /// Publishes once more.
    ~RunLink();
    RunLink(const RunLink&) = delete;
    RunLink& operator=(const RunLink&) = delete;

    /// Requests that came since the last call, oldest first. Never blocks on a file.
    std::vector<Request> takeRequests();
    /// Call when a request was carried out.
    void answered(std::int64_t requestId);

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

}  // namespace headroom::store
