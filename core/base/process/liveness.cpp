// SPDX-License-Identifier: Apache-2.0
#include "base/process/liveness.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

#include "base/errors/error.h"
#include "base/process/descriptor.h"

namespace headroom::process {
namespace {

struct Stat {
    char state = '?';
    std::uint64_t startTime = 0;
};

/// The program's name in the second field may hold blanks and brackets, so fields count from its last bracket.
std::optional<Stat> readStat(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const auto nameEnd = line.rfind(')');
    if (nameEnd == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(nameEnd + 1));
    Stat stat;
    fields >> stat.state;
    std::string skipped;
    for (int field = 4; field < 22; ++field) fields >> skipped;
    fields >> stat.startTime;
    return fields ? std::optional(stat) : std::nullopt;
}

bool delivered(const ProcessId& process, int result) {
    if (result == 0) return true;
    if (errno == ESRCH) return false;
    throw Error({.code = Code::Wrk02,
                 .subject = fmt::format("process {}", process.pid),
                 .problem = "it cannot be signalled because it belongs to another user",
                 .remedy = "Ask its owner, or an administrator."});
}

}  // namespace

ProcessId self() { return *find(::getpid()); }

std::optional<ProcessId> find(pid_t pid) {
    const auto stat = pid > 0 ? readStat(pid) : std::nullopt;
    if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
    return ProcessId{pid, stat->startTime};
}

bool isAlive(const ProcessId& process) { return find(process.pid) == process; }

bool sendSignal(const ProcessId& process, int signal) {
    if (process.pid <= 0) return false;
    // The descriptor pins the process: after the check below the number cannot be given to another one.
    const Descriptor pinned(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    if (pinned.value() < 0 && errno != ENOSYS) return false;
    if (!isAlive(process)) return false;
    if (pinned.value() < 0) return delivered(process, ::kill(process.pid, signal));
    return delivered(process, static_cast<int>(::syscall(SYS_pidfd_send_signal, pinned.value(), signal, nullptr, 0)));
}

}  // namespace headroom::process
