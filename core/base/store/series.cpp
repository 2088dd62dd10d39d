// SPDX-License-Identifier: Apache-2.0
#include "base/store/series.h"

#include <algorithm>

namespace headroom::store {

double along(Axis axis, const Moment& moment) {
    switch (axis) {
        case Axis::Step:
            return static_cast<double>(moment.step);
        case Axis::Epoch:
            return moment.epoch;
        case Axis::Samples:
            return static_cast<double>(moment.samples);
        case Axis::WallTime:
            return moment.wallTime;
    }
    return 0;
}

double processTime(const std::vector<Session>& sessions, double wallTime) {
    double seconds = 0;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        const bool present = i + 1 == sessions.size() || wallTime < sessions[i + 1].start;
        const double end = present ? wallTime : sessions[i].lastCommit;
        seconds += std::max(0.0, end - sessions[i].start);
        if (present) break;
    }
    return seconds;
}

}  // namespace headroom::store
