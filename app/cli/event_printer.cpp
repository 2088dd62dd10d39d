// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "cli/watch.h"

namespace headroom::cli {
namespace {

bool isValidation(const std::string& series) { return series.starts_with("val_"); }
/// Figures of the machine come at their own times; they stand in the run's series, not among its steps.
bool isTraining(const std::string& series) { return series.find('.') == std::string::npos && series != "energy"; }

/// One line for each step and each evaluation, in the order of steps.
class EventPrinter final : public Spectator {
public:
    void state(store::RunState state, std::int64_t queuePosition) override {
        if (store::isLive(state) || state == store::RunState::Queued) {
            Json event = {{"event", "state"}, {"state", store::word(state)}};
            if (state == store::RunState::Queued) event["position"] = queuePosition;
            printLine(event);
        }
    }

    void news(const std::map<std::string, std::vector<store::Point>>& points, const std::vector<store::Event>& events,
              const store::RunSummary&) override {
        std::map<std::pair<std::int64_t, bool>, Json> lines;
        for (const auto& [name, added] : points)
            if (isTraining(name))
                for (const store::Point& point : added) add(lines, name, point);
        for (const auto& [at, line] : lines) printLine(line);
        for (const store::Event& event : events) tell(event);
    }

private:
    static void add(std::map<std::pair<std::int64_t, bool>, Json>& lines, const std::string& name, const store::Point& point) {
        const bool validation = isValidation(name);
        Json& line = lines[{point.at.step, validation}];
        if (line.is_null())
            line = {{"event", validation ? "eval" : "step"},
                    {"step", point.at.step},
                    {"epoch", point.at.epoch},
                    {"samples", point.at.samples},
                    {"time", point.at.wallTime}};
        line[name] = number(point.value);
    }

    static void tell(const store::Event& event) {
        Json line = {{"event", event.kind}, {"step", event.step}, {"time", event.wallTime}, {"text", event.text}};
        const Json details = Json::parse(event.json, nullptr, false);
        if (details.is_object() && !details.empty()) line["details"] = details;
        printLine(line);
    }
};

}  // namespace

std::unique_ptr<Spectator> makeEventPrinter() { return std::make_unique<EventPrinter>(); }

}  // namespace headroom::cli
