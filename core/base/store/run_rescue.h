// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "base/process/rescue.h"
#include "base/store/home.h"
#include "base/store/run_folder.h"

namespace headroom::store {

/// Brings one run back after the kernel ended its worker for want of memory. Kept by whoever put the run into the queue, for
/// as long as he watches it: nobody else resumes a run by himself.
class RunRescue {
public:
    using Clock = process::Rescue::Clock;
    using Verdict = process::Rescue::Verdict;

    explicit RunRescue(process::SystemRoot root = process::systemRoot()) : m_root(std::move(root)) {}

    /// For a run that is lost; one that was asked to pause or stop is left alone. After Resume it waits for `device` again,
    /// with the terms that its next worker keeps to half the micro-batch that the last one had; the caller sees to a worker.
    /// Throws DSK-01, DSK-02, STO-03.
    Verdict attempt(const Home& home, const RunFolder& run, const std::string& device, Clock::time_point now = Clock::now());

private:
    process::SystemRoot m_root;
    process::Rescue m_rescue;
    std::int64_t m_largest = 0;  ///< what the last rescue allowed; 0 = there was none
};

}  // namespace headroom::store
