// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <signal.h>
#include <time.h>

#include <array>
#include <atomic>

namespace headroom::cli {
namespace {

constexpr std::array kCaught{SIGINT, SIGTERM, SIGUSR1};
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void handle(int signal) { received = signal; }

sigset_t caughtSet() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : kCaught) sigaddset(&set, signal);
    return set;
}

void setHandlers(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    for (const int signal : kCaught) sigaction(signal, &action, nullptr);
}

}  // namespace

/// Blocked but in wait(): a signal that comes just before it ends it all the same.
Signals::Signals() {
    received = 0;
    const sigset_t set = caughtSet();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    setHandlers(handle);
}

Signals::~Signals() {
    setHandlers(SIG_DFL);
    const sigset_t set = caughtSet();
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

int Signals::take() { return received.exchange(0); }

void Signals::wait(int milliseconds) const {
    const sigset_t set = caughtSet();
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    if (const int signal = sigtimedwait(&set, nullptr, &time); signal > 0) received = signal;
}

}  // namespace headroom::cli
