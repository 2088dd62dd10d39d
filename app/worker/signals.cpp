// SPDX-License-Identifier: Apache-2.0
#include "worker/signals.h"

#include <atomic>
#include <csignal>

#include "base/errors/codes.h"

namespace headroom::worker {
namespace {

std::atomic<int> g_signal{0};  // a handler can reach nothing but a global
static_assert(std::atomic<int>::is_always_lock_free);

void remember(int signal) {
    int none = 0;
    g_signal.compare_exchange_strong(none, signal);
}

}  // namespace

void catchSignals() {
    struct sigaction action {};
    action.sa_handler = remember;
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
}

int caughtSignal() { return g_signal.load(); }

int exitStatusOf(int signal) { return static_cast<int>(signal == SIGINT ? Exit::Interrupted : Exit::Terminated); }

}  // namespace headroom::worker
