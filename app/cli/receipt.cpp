// SPDX-License-Identifier: Apache-2.0
#include "cli/receipt.h"

#include <fmt/format.h>

#include "base/plan/figures.h"
#include "base/units/units.h"
#include "cli/describe.h"

namespace headroom::cli {
namespace {

Json figuresJson(const Json& receipt, const char* key) {
    const auto found = receipt.find(key);
    return found != receipt.end() && found->is_object() ? plan::toJson(plan::figuresFromJson(*found)) : Json(nullptr);
}

enum class Unit { Bytes, Seconds, WattHours, Money };

std::string valueText(const Json& value, Unit unit, const std::string& currency) {
    if (!value.is_number()) return "-";
    const double number = value.get<double>();
    switch (unit) {
        case Unit::Bytes: return readableBytes(value.get<Bytes>());
        case Unit::Seconds: return readableDuration(number);
        case Unit::WattHours: return fmt::format("{:.3g} Wh", number);
        case Unit::Money: return fmt::format("{:.3g} {}", number, currency);
    }
    return {};
}

std::string differenceText(const Json& predicted, const Json& measured) {
    if (!predicted.is_number() || !measured.is_number() || predicted.get<double>() <= 0) return "-";
    return fmt::format("{:+.0f} %", 100 * (measured.get<double>() / predicted.get<double>() - 1));
}

struct Row {
    const char* title;
    const char* key;
    Unit unit;
    bool ofWholeRun;
};
constexpr Row kRows[] = {{"tensors", "peak_bytes", Unit::Bytes, false}, {"process", "process_peak_bytes", Unit::Bytes, false},
                         {"step", "step_s", Unit::Seconds, false},      {"run", "run_s", Unit::Seconds, true},
                         {"energy", "energy_wh", Unit::WattHours, true}, {"cost", "cost", Unit::Money, true}};

}  // namespace

Json receiptJson(const Json& facts) {
    const Json receipt = facts.value("receipt", Json::object());
    return {{"predicted", figuresJson(receipt, "predicted")}, {"measured", figuresJson(receipt, "measured")}};
}

std::string receiptTable(const Json& receipt, const store::RunSummary& run, const std::string& currency) {
    const Json &predicted = receipt.at("predicted"), &measured = receipt.at("measured");
    if (!predicted.is_object()) return {};
    const bool isThrough = run.progress.totalSteps > 0 && run.progress.step == run.progress.totalSteps;
    std::vector<std::vector<std::string>> rows{{"receipt", "predicted", "measured", "difference"}};
    for (const Row& row : kRows) {
        const Json before = predicted.at(row.key), after = measured.is_object() ? measured.at(row.key) : Json(nullptr);
        rows.push_back({row.title, valueText(before, row.unit, currency), valueText(after, row.unit, currency),
                        row.ofWholeRun && !isThrough ? "-" : differenceText(before, after)});
    }
    return table(rows);
}

}  // namespace headroom::cli
