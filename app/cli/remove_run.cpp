// SPDX-License-Identifier: Apache-2.0
#include "cli/remove_run.h"

#include <chrono>
#include <system_error>
#include <thread>

#include "base/store/catalogue.h"
#include "base/store/lock_file.h"

namespace headroom::cli {

void removeRun(const Chosen& chosen) {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    auto lock = store::LockFile::tryTake(chosen.run.lock());
    while (!lock && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(5ms);  // the worker writes its last words; nothing tells us when it is through
        lock = store::LockFile::tryTake(chosen.run.lock());
    }
    if (!lock) return;  // it stays, with the reason in its row
    // Renamed first: a half removed folder must not be taken for a run.
    const auto gone = chosen.project.runs() / (".gone-" + chosen.run.id());
    std::error_code error;
    std::filesystem::rename(chosen.run.path(), gone, error);
    if (!error) std::filesystem::remove_all(gone, error);
    const store::Catalogue forgets(chosen.project);  // opening it drops rows without a folder
}

}  // namespace headroom::cli
