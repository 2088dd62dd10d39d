// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/model_card.h"

#include <fmt/format.h>

#include "base/config/document.h"
#include "base/json/number.h"
#include "base/units/units.h"

namespace headroom::deploy {
namespace {

std::string qualityOf(const nlohmann::json& figures) {
    if (figures.contains("miou"))
        return fmt::format("mean intersection over union {:.4f}, {:.2f} % of the pixels right", figures["miou"].get<double>(), 100 * figures["accuracy"].get<double>());
    if (figures.contains("accuracy")) return fmt::format("{:.2f} % right", 100 * figures["accuracy"].get<double>());
    return fmt::format("R2 {:.4f}", json::numberFrom(figures["r2"]));
}

std::string latencyRows(const std::string& what, const nlohmann::json& figures) {
    std::string rows;
    for (const nlohmann::json& latency : figures["latency"])
        rows += fmt::format("| {} | {} | {} | {:.3f} ms | {:.3f} ms | {:.3f} ms | {:.0f} |\n", what, latency["batch"].get<std::int64_t>(), latency["threads"].get<int>(),
                            latency["p50_ms"].get<double>(), latency["p90_ms"].get<double>(), latency["p99_ms"].get<double>(), latency["samples_per_s"].get<double>());
    return rows;
}

std::string loading(const nlohmann::json& figures) {
    const nlohmann::json& cache = figures["cache"];
    return fmt::format("\nLoading takes {:.0f} ms; with the runtime's cache of compiled models {:.0f} ms the first time, {:.0f} ms then. At most {} of "
                       "memory beyond the empty process, model, samples and runtime counted, {} in all.\n",
                       figures["load_ms"].get<double>(), cache["first_load_ms"].get<double>(), cache["second_load_ms"].get<double>(),
                       readableBytes(figures["peak_bytes"].get<Bytes>()), readableBytes(figures["process_bytes"].get<Bytes>()));
}

std::string_view unitOf(std::string_view tokenizer) {
    if (tokenizer == "bytes") return "text's bytes";
    return tokenizer == "byte_pairs" ? "byte pairs" : "characters";
}

/// Of a file that prepares samples itself.
std::string rawText(const nlohmann::json& reference) {
    if (reference["kind"] == "pictures")
        return fmt::format("`picture` is `[batch, channels, height, width]` in bytes, of any height and width: the file itself cuts out the largest middle "
                           "part of the net's shape, resizes it to {} x {} (antialiased, triangle filter) and computes `(byte / 255 - mean) / deviation`.", reference["size"][1].dump(), reference["size"][0].dump());
    return "`numbers` is `[batch, columns]` in fp32, NaN where a cell is empty, and `categories` `[batch, columns]` in int64: the place of the cell in its "
           "column's list, -1 where it is empty, any other number for a text that the model does not know. Columns and lists, in their "
           "order, stand in the file's metadata under `headroom.preparation`. The file itself fills, scales and encodes them.";
}

std::string preparationText(const TrainedModel& trained, bool raw) {
    const nlohmann::json& reference = trained.dataset.reference;
    if (raw) return rawText(reference);
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

/// What comes out of a net for masks.
std::string answerText(const TrainedModel& trained) {
    if (trained.dataset.shape.task != models::Task::Segmentation) return {};
    return "\n`logits` is `[batch, classes, height, width]`: the largest one says a pixel's class, by its place in `labels.txt`.\n";
}

std::string measured(const nlohmann::json& report) {
    const bool heldOut = report["part"] == "validation";
    std::string text = fmt::format("\n## Measured\n\nOn {} {} samples; the source: {}. {}: largest difference of a logit {:.2e} "
                                   "(of {:.3g}), {} predictions differ.\n\n",
                                   report["samples"].get<std::int64_t>(), heldOut ? "held-out" : "training", qualityOf(report["source"]),
                                   report["verified"].get<bool>() ? "Verified" : "NOT verified",
                                   json::numberFrom(report["largest_difference"]), report["largest_logit"].get<double>(),
                                   report["flipped"].get<std::int64_t>());
    if (report.contains("instead"))
        text += fmt::format("These samples are those that the run keeps: {}. The whole {} part was not seen again.\n\n", report["instead"].get<std::string>(), heldOut ? "validation" : "training");
    text += fmt::format("In {} on {}: {} at f32, {} at {}, its default.\n\n", report["f32"]["runtime"].get<std::string>(),
                        report["f32"]["device"].get<std::string>(), qualityOf(report["f32"]), qualityOf(report["default"]),
                        report["default"]["precision"].get<std::string>());
    text += "| precision | batch | threads | median | 90 % below | 99 % below | samples a second |\n| --- | --- | --- | --- | --- | --- | --- |\n";
    text += latencyRows("f32", report["f32"]);
    if (report["default"]["precision"] != report["f32"]["precision"]) text += latencyRows(report["default"]["precision"].get<std::string>(), report["default"]);
    return text + loading(report["f32"]);
}

constexpr const char* kUse =
    "\n## Use\n\n`python predict.py INPUT...` runs the file in ONNX Runtime (needs `onnxruntime` and `numpy`), `predict.cpp` in OpenVINO; both say how "
    "to call them in their first lines. `headroom predict FILE INPUT...` does the same without either.\n";

}  // namespace

std::string modelCard(const TrainedModel& trained, const nlohmann::json& report) {
    std::string card = fmt::format("# {}\n\n", trained.config.name.empty() ? trained.run.id() : trained.config.name);
    card += fmt::format("`{}` with {} parameters, trained by Headroom {} (run {}, step {}).\n\n", config::modelName(trained.config),
                        grouped(trained.model->plain().parameterCount()), HEADROOM_VERSION, trained.run.id(), trained.step);
    card += "## Input\n\n" + preparationText(trained, report.value("preprocess", false)) + "\n" + answerText(trained);
    if (report.contains("verified")) card += measured(report);
    if (report.value("programs", false)) card += kUse;
    return card;
}

}  // namespace headroom::deploy
