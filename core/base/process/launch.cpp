// SPDX-License-Identifier: Apache-2.0
#include "base/process/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/errors/error.h"
#include "base/process/descriptor.h"

namespace headroom::process {
namespace {

Error cannotStart(const std::filesystem::path& program, int error) {
    return Error({.code = Code::Wrk03,
                  .subject = program.filename().string(),
                  .problem = "it cannot be started",
                  .found = std::strerror(error),
                  .remedy = "Check that the installation is complete and that the disk is not full."});
}

/// What the child tells its starter through a pipe that closes by itself when the program replaces the child.
struct Report {
    pid_t pid = 0;
    int error = 0;
};

/// Everything the child needs, prepared before fork(): in the child of a threaded program only system calls are safe.
struct Prepared {
    const char* program;
    char* const* arguments;
    int input, log, report;
    int niceness;
};

[[noreturn]] void become(const Prepared& prepared) {
    ::dup2(prepared.input, STDIN_FILENO);
    ::dup2(prepared.log, STDOUT_FILENO);
    ::dup2(prepared.log, STDERR_FILENO);
    if (prepared.niceness != 0 && ::nice(prepared.niceness) == -1) errno = 0;  // a lower priority is a courtesy
    if (::chdir("/") == 0) ::execv(prepared.program, prepared.arguments);
    const Report failed{0, errno};
    (void)!::write(prepared.report, &failed, sizeof failed);
    ::_exit(127);
}

/// First child: a new session; the second one, which becomes the program, is then no child of the caller.
[[noreturn]] void detach(const Prepared& prepared) {
    ::setsid();
    const pid_t pid = ::fork();
    if (pid == 0) become(prepared);
    const Report report{pid, pid < 0 ? errno : 0};
    (void)!::write(prepared.report, &report, sizeof report);
    ::_exit(0);
}

/// Reads both reports: the pid, and, should the program not start, why. The pipe ends when the program runs.
Report awaited(int pipe) {
    Report result, part;
    while (::read(pipe, &part, sizeof part) == sizeof part) {
        if (part.pid > 0) result.pid = part.pid;
        if (part.error != 0) result.error = part.error;
    }
    return result;
}

std::vector<char*> argumentVector(const Launch& launch, std::string& name, std::vector<std::string>& storage) {
    storage = launch.arguments;
    std::vector<char*> pointers{name.data()};
    std::transform(storage.begin(), storage.end(), std::back_inserter(pointers),
                   [](std::string& s) { return s.data(); });
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

std::filesystem::path sibling(const std::string& program) {
    const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
    if (!std::filesystem::exists(path)) throw cannotStart(path, ENOENT);
    return path;
}

void shortenSpinning() {
    if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "10000", 0);
}

ProcessId launchDetached(const Launch& launch) {
    if (launch.log.has_parent_path()) std::filesystem::create_directories(launch.log.parent_path());
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannotStart(launch.program, errno);
    const Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor log(::open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (log.value() < 0) throw cannotStart(launch.program, errno);

    std::string name = launch.program.string();
    std::vector<std::string> storage;
    const auto arguments = argumentVector(launch, name, storage);
    const Prepared prepared{name.c_str(), arguments.data(), input.value(),
                            log.value(),  writing.value(),  launch.niceness};
    const pid_t first = ::fork();
    if (first < 0) throw cannotStart(launch.program, errno);
    if (first == 0) detach(prepared);
    writing.close();
    ::waitpid(first, nullptr, 0);
    const Report report = awaited(reading.value());
    if (report.error != 0) throw cannotStart(launch.program, report.error);
    return find(report.pid).value_or(ProcessId{report.pid, 0});
}

ProcessId launchWorker(const std::filesystem::path& home, const std::string& device, int niceness) {
    std::string logName = device;
    std::replace(logName.begin(), logName.end(), ':', '-');
    return launchDetached({.program = sibling("headroom-worker"),
                           .arguments = {"run", "--home", home.string(), "--device", device},
                           .log = home / "workers" / (logName + ".log"),
                           .niceness = niceness});
}

}  // namespace headroom::process
