// SPDX-License-Identifier: Apache-2.0
#include "app/memory_group.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>

#include <fstream>

#include "base/process/counters.h"

namespace headroom::test {
namespace {

constexpr std::int64_t kPiece = 4 << 20;

bool put(const std::filesystem::path& file, std::int64_t number) {
    std::ofstream out(file);
    out << number << std::flush;
    return out.good();
}

/// In the child: only what needs no memory of the parent's that the kernel might have to copy.
[[noreturn]] void fill(const std::filesystem::path& folder, const std::filesystem::path& events, int before, std::int64_t most) {
    bool killed = false;
    if (put(folder / "cgroup.procs", ::getpid()))
        for (std::int64_t taken = 0; taken < most && !killed; taken += kPiece) {
            void* piece = ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            if (piece == MAP_FAILED) break;
            killed = process::readCounter(events, "oom_kill").value_or(0) > static_cast<std::uint64_t>(before);
        }
    ::_exit(killed ? 0 : 1);
}

}  // namespace

MemoryGroup::MemoryGroup(std::int64_t limit) {
    const std::filesystem::path root = "/sys/fs/cgroup";
    if (make(root / "memory", "memory.limit_in_bytes", "memory.oom_control", limit)) return;
    if (make(root, "memory.max", "memory.events", limit)) return;
    m_reason = "no memory cgroup can be made here (rights, or the controller is not delegated)";
}

bool MemoryGroup::make(const std::filesystem::path& parent, const char* limitFile, const char* eventsFile, std::int64_t limit) {
    const auto folder = parent / ("headroom-test-" + std::to_string(::getpid()));
    std::error_code error;
    std::filesystem::create_directory(folder, error);
    if (error) return false;
    m_folder = folder;
    m_events = folder / eventsFile;
    // Where the kernel only fills the folder with files of other controllers there is nothing to write a limit to.
    if (std::filesystem::exists(folder / limitFile) && put(folder / limitFile, limit)) {
        put(folder / "memory.swap.max", 0);
        return true;
    }
    std::filesystem::remove(folder, error);
    m_folder.clear();
    return false;
}

MemoryGroup::~MemoryGroup() {
    if (m_folder.empty()) return;
    std::ifstream members(m_folder / "cgroup.procs");
    for (pid_t member = 0; members >> member;) ::kill(member, SIGKILL);
    // The kernel lets the folder go once the last member is wholly gone.
    (void)QTest::qWaitFor([this] { return ::rmdir(m_folder.c_str()) == 0; }, 10'000);
}

int MemoryGroup::kills() const { return static_cast<int>(process::readCounter(m_events, "oom_kill").value_or(0)); }

bool MemoryGroup::fillUntilAKill(std::int64_t most) const {
    const int before = kills();
    const pid_t child = ::fork();
    if (child == 0) fill(m_folder, m_events, before, most);
    int status = -1;
    ::waitpid(child, &status, 0);
    // Who takes memory may be ended too: while the first gives its memory back the kernel looks for another.
    const int after = kills();
    if (after == before) qWarning("the process that takes memory ended with status %d, and the kernel ended nobody", status);
    return after > before;
}

}  // namespace headroom::test
