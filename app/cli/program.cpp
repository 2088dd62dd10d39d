// SPDX-License-Identifier: Apache-2.0
#include "cli/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/errors/error.h"
#include "base/process/launch.h"

extern char** environ;

namespace headroom::cli {
namespace {

constexpr std::size_t kLongestOutput = 64 * 1024 * 1024;

Error cannotStart(const std::string& name, int error) {
    return Error(Failure{Code::Wrk03, name, "it cannot be started", std::strerror(error), {}, "headroom doctor looks at the installation."});
}

/// Actions between fork and exec, freed with their scope.
struct Actions {
    posix_spawn_file_actions_t raw;
    Actions() { posix_spawn_file_actions_init(&raw); }
    ~Actions() { posix_spawn_file_actions_destroy(&raw); }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
};

/// Both ends of a pipe, closed with their scope at the latest.
struct Pipe {
    std::array<int, 2> ends{-1, -1};
    explicit Pipe(const std::string& name) {
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw cannotStart(name, errno);
    }
    ~Pipe() {
        closeWriting();
        close(ends[0]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void closeWriting() {
        if (ends[1] >= 0) close(ends[1]);
        ends[1] = -1;
    }
};

pid_t start(const std::string& name, std::vector<std::string> arguments, int output, ErrorOutput errors) {
    std::string program = process::sibling(name).string();
    std::vector<char*> pointers{program.data()};
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    Actions actions;
    posix_spawn_file_actions_addopen(&actions.raw, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions.raw, output, STDOUT_FILENO);
    if (errors == ErrorOutput::Dropped) posix_spawn_file_actions_addopen(&actions.raw, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    if (const int error = posix_spawn(&pid, program.c_str(), &actions.raw, nullptr, pointers.data(), environ))
        throw cannotStart(name, error);
    return pid;
}

/// Takes the whole lines off the text.
void tellLines(std::string& text, const OnLine& onLine) {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        onLine(std::string_view(text).substr(begin, end - begin));
    text.erase(0, begin);
}

/// Reads on to the end also where the output is longer than what is kept: the program must not wait for us.
std::string readToEnd(int descriptor, const OnLine& onLine) {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t count = read(descriptor, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return text;
        if (text.size() < kLongestOutput) text.append(buffer.data(), static_cast<std::size_t>(count));
        if (onLine) tellLines(text, onLine);
    }
}

}  // namespace

ProgramResult runProgram(const std::string& name, const std::vector<std::string>& arguments, ErrorOutput errors, const OnLine& onLine) {
    Pipe pipe(name);
    const pid_t pid = start(name, arguments, pipe.ends[1], errors);
    pipe.closeWriting();
    ProgramResult result;
    result.output = readToEnd(pipe.ends[0], onLine);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
    return result;
}

}  // namespace headroom::cli
