// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace headroom::cli {

/// How long a run still takes, as a range: from the slowest to the fastest stretch seen lately.
class Eta {
public:
    struct Range {
        double low = 0, high = 0;  ///< seconds
    };

    /// Steps done at a time on a clock that only grows.
    void add(double seconds, std::int64_t step);
    /// Nothing during the warm-up, and where the end is not known.
    std::optional<Range> left(std::int64_t totalSteps) const;

private:
    struct Mark {
        double seconds;
        std::int64_t step;
    };
    std::deque<Mark> m_marks;
};

/// "about 12 to 14 min left".
std::string text(const Eta::Range& range);

}  // namespace headroom::cli
