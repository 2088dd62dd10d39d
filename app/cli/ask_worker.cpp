// SPDX-License-Identifier: Apache-2.0
#include "cli/ask_worker.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/store/waiting.h"
#include "cli/describe.h"
#include "cli/print.h"

namespace headroom::cli {
namespace {

bool isAsWished(store::RunState state, const Wish& wish) {
    return state == store::RunState::Finished || (state == store::RunState::Paused && wish.kind == store::RequestKind::Pause);
}

Error notLive(const store::RunSummary& run, const Wish& wish) {
    return Error(Failure{Code::Run05, run.id, fmt::format("it is not running, so it cannot be asked to {}", store::word(wish.kind)),
                         std::string(store::word(run.state)), {}, {}});
}

int tell(const Session& session, const store::RunSummary& run, bool changed) {
    if (session.json)
        print({{"id", run.id}, {"state", store::word(run.state)}, {"changed", changed}, {"step", run.progress.step}});
    else
        printText(fmt::format("{} {}{} at step {}\n", run.id, changed ? "" : "already ", store::word(run.state),
                              run.progress.step));
    return 0;
}

/// Asks again where the request was lost: a worker that starts drops what was asked before it knew the run.
store::RunSummary askUntilDone(const Chosen& chosen, const Wish& wish) {
    using namespace std::chrono_literals;
    store::Catalogue catalogue(chosen.project);
    const char* reason = wish.kind == store::RequestKind::Stop ? "stopped" : "paused";
    for (;;) {
        if (store::takeOut(chosen.home, chosen.project, chosen.run.id(), wish.end, reason)) return look(chosen);
        const store::RunSummary run = look(chosen);
        if (!store::isLive(run.state) && run.state != store::RunState::Queued) return run;
        const bool asked = !catalogue.pending(run.id).empty();
        if (!asked) catalogue.request(run.id, wish.kind);
        if (!wish.wait) return look(chosen);
        std::this_thread::sleep_for(50ms);
    }
}

}  // namespace

int ask(const Session& session, const std::string& text, const Wish& wish) {
    const Chosen chosen = choose(session, text);
    const store::RunSummary before = look(chosen);
    const bool open = store::isLive(before.state) || before.state == store::RunState::Queued;
    if (!open && !isAsWished(before.state, wish)) throw notLive(before, wish);
    if (!open) return tell(session, before, false);
    const store::RunSummary after = askUntilDone(chosen, wish);
    if (wish.wait && !isAsWished(after.state, wish)) throw notLive(after, wish);
    return tell(session, after, true);
}

}  // namespace headroom::cli
