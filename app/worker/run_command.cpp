// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/errors/error.h"
#include "base/process/launch.h"
#include "base/store/home.h"
#include "base/store/lock_file.h"
#include "base/store/queue.h"
#include "worker/commands.h"
#include "worker/signals.h"
#include "worker/training_run.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

/// The lock that this process held before it replaced itself, else the device's own; nothing where another worker has it.
std::optional<store::LockFile> takeDevice(const store::Home& home, const std::string& device, const std::string& kept) {
    if (kept.empty()) return store::LockFile::tryTake(home.deviceLock(device));
    int number = -1;
    std::from_chars(kept.data(), kept.data() + kept.size(), number);
    return store::LockFile::adopt(number);
}

/// Every run gets a process of its own: memory, threads and libraries start afresh. Returns only where that fails.
void replaceThisProcess(const store::Home& home, const std::string& device, const store::LockFile& lock) {
    lock.keepAcrossExec();
    const std::string descriptor = std::to_string(lock.descriptor());
    execl("/proc/self/exe", "headroom-worker", "run", "--home", home.path().c_str(), "--device", device.c_str(), "--lock",
          descriptor.c_str(), nullptr);
}

bool waits(const store::Home& home, const std::string& device) { return !store::Queue(home).list(device).empty(); }

/// The next entry of the queue, run. Nothing where none waits; an entry whose run another process writes is dropped.
std::optional<int> runNext(const store::Home& home, const std::string& device) {
    store::Queue queue(home);
    const std::optional<store::QueueEntry> entry = queue.claim(device);
    if (!entry) return std::nullopt;
    bool started = false;
    try {
        return trainRun(home, entry->run, device, [&] {
            started = true;
            queue.remove(entry->id);
        });
    } catch (...) {
        const Error error = translated(std::current_exception());
        fmt::print(stderr, "{}: {}: {}\n", entry->run.id(), info(error.code()).text, error.what());
        if (!started) queue.remove(entry->id);
        return static_cast<int>(info(error.code()).exit);
    }
}

}  // namespace

int runCommand(const Arguments& arguments) {
    const store::Home home(requiredOption(arguments, "--home"));
    const std::string device = requiredOption(arguments, "--device");
    catchSignals();
    int status = 0;
    std::string kept = option(arguments, "--lock");
    // After the lock is given back the queue is looked at once more: an entry may have come in between.
    for (bool again = true; again && caughtSignal() == 0; again = waits(home, device)) {
        const std::optional<store::LockFile> lock = takeDevice(home, device, std::exchange(kept, {}));
        if (!lock) return status;
        const std::optional<int> ended = runNext(home, device);
        if (!ended) return status;
        status = *ended;
        if (caughtSignal() == 0 && waits(home, device)) replaceThisProcess(home, device, *lock);
    }
    // A signal is meant for the run that it ended, not for those that wait.
    if (caughtSignal() != 0 && waits(home, device)) process::launchWorker(home.path(), device);
    return status;
}

}  // namespace headroom::worker
