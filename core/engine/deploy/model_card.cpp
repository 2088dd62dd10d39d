// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/model_card.h"

#include <fmt/format.h>

#include "base/units/units.h"

namespace headroom::deploy {
namespace {

std::string qualityOf(const nlohmann::json& figures) {
    if (figures.contains("accuracy")) return fmt::format("{:.2f} % right", 100 * figures["accuracy"].get<double>());
    return fmt::format("R2 {:.4f}", figures.value("r2", 0.0));
}

std::string row(const std::string& what, const nlohmann::json& figures) {
    const nlohmann::json& latency = figures["latency"];
    return fmt::format("| {} | {} | {:.3f} ms | {:.3f} ms |\n", what, qualityOf(figures), latency[0]["p50_ms"].get<double>(),
                       latency[1]["p50_ms"].get<double>());
}

std::string_view unitOf(std::string_view tokenizer) {
    if (tokenizer == "bytes") return "text's bytes";
    return tokenizer == "byte_pairs" ? "byte pairs" : "characters";
}

std::string preparationText(const TrainedModel& trained) {
    const nlohmann::json& reference = trained.dataset.reference;
    if (reference["kind"] == "pictures")
        return fmt::format("`input` is `[batch, channels, height, width]` in fp32: `(byte / 255 - mean) / deviation` with mean {} "
                           "and deviation {}.", reference["mean"].dump(), reference["deviation"].dump());
    if (reference["kind"] == "text")
        return fmt::format("`tokens` is `[batch, {}]` in int64: places of the {} in the vocabulary (`labels.txt`, one "
                           "JSON string a line{}).", reference["context"].dump(), unitOf(trained.config.data.tokenizer),
                           trained.config.data.tokenizer == "byte_pairs" ? "; the tables are in `tokenizer`" : "");
    return "`input` is `[batch, features]` in fp32; how each column becomes features stands in the file's metadata under "
           "`headroom.reference`.";
}

std::string measured(const nlohmann::json& report) {
    const bool heldOut = report["part"] == "validation";
    std::string text = fmt::format("\n## Measured\n\nOn {} {} samples; the source: {}. {}: largest difference of a logit {:.2e} "
                                   "(of {:.3g}), {} predictions differ.\n\n",
                                   report["samples"].get<std::int64_t>(), heldOut ? "held-out" : "training", qualityOf(report["source"]),
                                   report["verified"].get<bool>() ? "Verified" : "NOT verified",
                                   report["largest_difference"].get<double>(), report["largest_logit"].get<double>(),
                                   report["flipped"].get<std::int64_t>());
    text += fmt::format("| {} on {} | quality | latency, 1 thread | all threads |\n| --- | --- | --- | --- |\n",
                        report["f32"]["runtime"].get<std::string>(), report["f32"]["device"].get<std::string>());
    return text + row("f32", report["f32"]) +
           row(fmt::format("its default: {}", report["default"]["precision"].get<std::string>()), report["default"]);
}

}  // namespace

std::string modelCard(const TrainedModel& trained, const nlohmann::json& report) {
    std::string card = fmt::format("# {}\n\n", trained.config.name.empty() ? trained.run.id() : trained.config.name);
    card += fmt::format("`{}` with {} parameters, trained by Headroom {} (run {}, step {}).\n\n", trained.config.model.arch,
                        grouped(trained.model->plain().parameterCount()), HEADROOM_VERSION, trained.run.id(), trained.step);
    card += "## Input\n\n" + preparationText(trained) + "\n";
    if (report.contains("verified")) card += measured(report);
    return card;
}

}  // namespace headroom::deploy
