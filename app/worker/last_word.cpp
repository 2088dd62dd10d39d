// SPDX-License-Identifier: Apache-2.0
#include "worker/last_word.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/store/worker_record.h"

namespace headroom::worker {
namespace {

/// Those whose default is to end the process, but for SIGKILL and the ones that mean a checkpoint (signals.h).
constexpr std::array kDeadly{SIGABRT, SIGALRM, SIGBUS,  SIGFPE,  SIGHUP,    SIGILL,  SIGIO,   SIGPIPE, SIGPROF,
                             SIGPWR,  SIGQUIT, SIGSEGV, SIGSYS,  SIGSTKFLT, SIGTRAP, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ};
constexpr std::size_t kSignals = 65;

// A handler can reach nothing but globals, and may only call what is safe in one (signal-safety(7)).
std::atomic<int> g_record{-1};
static_assert(std::atomic<int>::is_always_lock_free);
std::array<std::string, kSignals> g_words;
std::array<char, 64 * 1024> g_stack;  // of the handler: the thread's own may be what overflowed

void say(int signal) {
    const int record = g_record.exchange(-1);
    if (record < 0) return;
    const std::string& word = g_words[static_cast<std::size_t>(signal)];
    (void)!::write(record, word.data(), word.size());
    ::close(record);
}

/// SA_RESETHAND has brought the default back: the process dies of the signal after all.
void die(int signal) {
    say(signal);
    ::raise(signal);
}

void catchDeath() {
    for (const int signal : kDeadly) g_words[static_cast<std::size_t>(signal)] = store::lastWord(signal);
    g_words[0] = store::lastWord(0);
    stack_t stack{};
    stack.ss_sp = g_stack.data();
    stack.ss_size = g_stack.size();
    ::sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = die;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
    for (const int signal : kDeadly) {
        struct sigaction before {};
        ::sigaction(signal, nullptr, &before);
        if (before.sa_handler == SIG_DFL) ::sigaction(signal, &action, nullptr);  // a sanitizer's own stays
    }
    std::atexit([] { say(0); });
}

}  // namespace

LastWord::LastWord(const store::RunFolder& run) : m_run(run) {
    static const bool caught = (catchDeath(), true);
    (void)caught;
    const int record = ::open(run.workerRecord().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (record < 0) return;
    const std::string text = store::recordText(store::ownRecord());
    (void)!::write(record, text.data(), text.size());
    g_record = record;
}

LastWord::~LastWord() {
    say(0);
    if (m_ended) ::unlink(m_run.workerRecord().c_str());
}

}  // namespace headroom::worker
