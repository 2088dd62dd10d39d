// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <mutex>
#include <thread>

#include "base/process/pressure.h"
#include "base/store/run_writer.h"

namespace headroom::worker {

/// Seconds since 1970.
double wallTimeNow();

/// Reads the machine's figures once a second in a thread of its own and appends them to the run: memory, CPU, GPUs, energy.
class Monitor {
public:
    /// `device`: "cpu" or "cuda:N". `writer` must outlive the monitor.
    Monitor(store::RunWriter& writer, const std::string& device);
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    /// A last reading, and no more after it: what the run took until now is then recorded.
    void stop();
    /// Mean share of the machine's processors that other processes took so far; only after stop().
    double others() const { return m_others; }
    /// Where the run is: the x value of what is read from now on.
    void at(const store::Moment& moment);
    /// Whether memory became short since the last call, or stayed so for a while (process::PressureWatch). Any thread.
    bool takeShortage() { return m_shortage.exchange(false); }

private:
    void watch(const std::stop_token& stop);
    void lookForShortage();
    store::Moment moment() const;

    store::RunWriter& m_writer;
    const int m_gpu;  ///< index, -1 = none
    mutable std::mutex m_mutex;
    store::Moment m_moment;
    double m_others = 0;  ///< the thread's until it has ended
    process::PressureWatch m_pressure;  ///< of the thread alone
    std::atomic<bool> m_shortage{false};
    std::jthread m_thread;
};

}  // namespace headroom::worker
