// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <fmt/format.h>

#include "cli/remove_run.h"

namespace headroom::cli {
namespace {

bool wasRefused(const Ending& ending) {
    return ending.run.state == store::RunState::Failed && ending.status == static_cast<int>(Exit::Refused) &&
           ending.run.progress.step == 0;
}

Json endEvent(const Ending& ending) {
    Json event = {{"event", "end"},
                  {"id", ending.run.id},
                  {"state", store::word(ending.run.state)},
                  {"metrics", metricsJson(ending.run)},
                  {"reason", ending.run.end ? Json(ending.run.end->reason) : Json(nullptr)},
                  {"epoch", ending.run.progress.epoch},
                  {"step", ending.run.progress.step},
                  {"wall_s", ending.run.wallSeconds},
                  {"weights_sha256", ending.run.weightsSha256.empty() ? Json(nullptr) : Json(ending.run.weightsSha256)},
                  {"exit", ending.status}};
    if (!ending.code.empty()) event["error"] = {{"code", ending.code}, {"message", ending.sentence}};
    return event;
}

std::string resultText(const Ending& ending) {
    const std::string metrics = metricsText(ending.run);
    std::string text = fmt::format("{} {} at step {} after {}{}{}\n", ending.run.id, store::word(ending.run.state),
                                   ending.run.progress.step, readableDuration(ending.run.wallSeconds),
                                   metrics.empty() ? "" : ": ", metrics);
    return text;
}

void tellEnd(const Session& session, const Ending& ending) {
    if (session.json)
        printLine(endEvent(ending));
    else if (!wasRefused(ending))
        printText(resultText(ending));
    if (!ending.sentence.empty()) fmt::print(stderr, "{} {}\n", ending.code, ending.sentence);
    if (ending.run.state == store::RunState::Paused)
        note(session, fmt::format("Go on with: headroom resume {}", ending.run.id));
}

}  // namespace

void announce(const Session& session, const Chosen& chosen, const std::string& name) {
    if (session.json)
        printLine({{"event", "run"}, {"id", chosen.run.id()}, {"name", name}, {"folder", chosen.run.path().string()}});
    else
        note(session, fmt::format("run {}{}{}", chosen.run.id(), name.empty() ? "" : " ", escaped(name)));
}

int watch(const Session& session, const Chosen& chosen, const FollowOptions& options, Origin origin) {
    const auto spectator = session.json ? makeEventPrinter() : makeProgress(session);
    const Ending ending = follow(chosen, options, *spectator);
    if (origin == Origin::Fresh && wasRefused(ending)) removeRun(chosen);
    tellEnd(session, ending);
    return ending.status;
}

}  // namespace headroom::cli
