// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/predictor.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>

#include "base/errors/error.h"
#include "base/json/number.h"
#include "base/units/percentile.h"
#include "engine/data/inputs.h"
#include "engine/data/reference_fields.h"
#include "engine/data/split.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/exported_file.h"
#include "engine/deploy/proof.h"
#include "engine/deploy/prover.h"
#include "engine/formats/atomic_file.h"
#include "engine/formats/mask_image.h"

namespace headroom::deploy {
namespace {

using nlohmann::json;

/// Shares of the classes among the pixels of each sample. [samples, classes] from rows of pixels.
at::Tensor sharesOf(const at::Tensor& classOfPixel, std::int64_t classes) {
    const std::int64_t samples = classOfPixel.size(0), pixels = classOfPixel[0].numel();
    const at::Tensor places = classOfPixel.reshape({samples, pixels}).add(at::arange(samples).mul(classes).unsqueeze(1));
    return at::bincount(places.reshape({-1}), {}, samples * classes).view({samples, classes}).to(at::kDouble).div(static_cast<double>(pixels));
}

/// [samples, height, width]
at::Tensor masksOf(const at::Tensor& rows, const models::DataShape& shape) { return rows.argmax(-1).view({-1, shape.height, shape.width}); }

/// What logits mean: probabilities of classes, of masks their shares, or the value before it was standardised. [samples, outputs].
at::Tensor answers(const at::Tensor& logits, const models::DataShape& shape, const data::Reference& reference) {
    if (shape.task == models::Task::Segmentation) return sharesOf(masksOf(logits, shape), shape.outputs);
    if (shape.task != models::Task::Regression) return logits.reshape({-1, logits.size(-1)}).slice(0, shape.kind == models::DataKind::Text ? -1 : 0).to(at::kDouble).softmax(-1);
    const json target = data::field<json>(reference.statistics, "target");
    return logits.to(at::kDouble).mul(data::field<double>(target, "deviation")).add(data::field<double>(target, "mean"));
}

/// Logits of the samples of these numbers, as answerRows() has them.
using Net = std::function<at::Tensor(std::span<const std::int64_t> numbers)>;

/// Of all inputs, [samples, outputs].
at::Tensor answersOf(const data::Inputs& inputs, const data::Reference& reference, const Net& net) {
    std::vector<at::Tensor> parts;
    const std::int64_t count = inputs.source->size(), batch = inputs.shape.kind == models::DataKind::Text ? 1 : proofBatch(inputs.shape);
    for (std::int64_t first = 0; first < count; first += batch)
        parts.push_back(answers(net(data::numbersFrom(first, std::min(count, first + batch))), inputs.shape, reference));
    return at::cat(parts);
}

std::string labelOf(const std::vector<std::string>& classes, std::int64_t number) {
    return static_cast<std::size_t>(number) < classes.size() ? classes[static_cast<std::size_t>(number)] : std::to_string(number);
}

/// One row of answers as {"label","probability"|"share","top"} or {"value"}.
json prediction(const at::Tensor& row, const models::DataShape& shape, const data::Reference& reference, std::int64_t top) {
    using headroom::json::number;
    if (shape.task == models::Task::Regression) return {{"value", number<json>(row[0].item<double>())}};
    const auto [probabilities, numbers] = row.topk(std::min(top, row.size(0)));
    const char* const likely = shape.task == models::Task::Segmentation ? "share" : "probability";
    json list = json::array();
    for (std::int64_t k = 0; k < probabilities.size(0); ++k)
        list.push_back({{"label", labelOf(reference.classes, numbers[k].item<std::int64_t>())}, {likely, number<json>(probabilities[k].item<double>())}});
    return {{"label", list[0]["label"]}, {likely, list[0][likely]}, {"top", list}};
}

/// Median of a run with one sample, after some to warm up.
json latencyOf(const std::function<void()>& run) {
    using Clock = std::chrono::steady_clock;
    constexpr std::size_t kWarmUp = 3, kMost = 50;
    constexpr double kLongestMs = 2000;
    std::vector<double> times;
    double sum = 0;
    for (std::size_t done = 0; done < kMost && (done <= kWarmUp || sum < kLongestMs); ++done) {
        const Clock::time_point begin = Clock::now();
        run();
        const double ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        sum += ms;
        if (done >= kWarmUp) times.push_back(ms);
    }
    std::ranges::sort(times);
    return {{"p50_ms", percentile(times, 50)}, {"runs", times.size()}};
}

/// Of the row that the prover measured for one sample on all threads.
json proverLatency(const json& report) {
    json latency{{"runtime", report.at("runtime")}, {"precision", report.at("precision")}};
    for (const json& row : report.at("latency"))
        if (row.at("batch") == 1) latency.update({{"p50_ms", row.at("p50_ms")}, {"runs", row.at("runs")}});
    return latency;
}

json predictionsOf(const data::Inputs& inputs, const data::Reference& reference, const at::Tensor& rows, std::int64_t top) {
    json list = json::array();
    for (std::int64_t k = 0; k < rows.size(0); ++k) {
        list.push_back({{"input", inputs.names[static_cast<std::size_t>(k)]}});
        list.back().update(prediction(rows[k], inputs.shape, reference, top));
    }
    return list;
}

/// An exported file in the other runtime.
class Exported {
public:
    Exported(const std::filesystem::path& file, const data::Inputs& inputs)
        : m_prover(file, {.batch = latencyBatch(inputs.shape)}), m_inputs(inputs), m_raw(preparesItself(file)) {}

    at::Tensor answers(const data::Reference& reference) { return answersOf(m_inputs, reference, net()); }
    Net net() {
        return [this](std::span<const std::int64_t> numbers) { return logits(numbers); };
    }
    /// Ends it.
    json latency() { return proverLatency(m_prover.report()); }

private:
    at::Tensor logits(std::span<const std::int64_t> numbers) {
        const at::Tensor input = m_inputs.source->assemble(numbers, {}, {at::kFloat, false}).input;
        const std::int64_t rows = m_inputs.shape.kind == models::DataKind::Text ? input.numel() : input.size(0) * rowsOf(m_inputs.shape, 1);
        return m_prover.run(m_raw ? rawInputs(*m_inputs.source, numbers) : std::vector<data::RawInput>{{"input", input}}, rows, outputsOf(m_inputs.shape));
    }

    Prover m_prover;
    const data::Inputs& m_inputs;
    bool m_raw;
};

void setBeside(json& predictions, json others) {
    for (std::size_t k = 0; k < others.size(); ++k) {
        others[k].erase("input");
        predictions[k]["exported"] = std::move(others[k]);
    }
}

/// The masks that were asked for, written as they are made.
class MaskFiles {
public:
    MaskFiles(const PredictOptions& options, const data::Inputs& inputs) : m_inputs(inputs) {
        if (options.masks.empty()) return;
        if (inputs.shape.task != models::Task::Segmentation)
            throw Error(Failure{Code::Dat05, "the model", "it makes no masks", {}, "a net for pictures with masks wanted", "Leave the output out."});
        const bool isFile = inputs.names.size() == 1 && options.masks.extension() == ".png";
        std::error_code ignored;  // writing says it again
        if (!isFile) std::filesystem::create_directories(options.masks, ignored);
        for (const std::string& name : inputs.names) m_paths.push_back(isFile ? options.masks : freeName(options.masks, std::filesystem::path(name).stem().string()));
    }

    /// The net, which also leaves its masks behind where they are wanted.
    Net beside(Net net) const {
        if (m_paths.empty()) return net;
        return [this, net = std::move(net)](std::span<const std::int64_t> numbers) {
            const at::Tensor rows = net(numbers), masks = masksOf(rows, m_inputs.shape).to(at::kByte).contiguous();
            for (std::size_t k = 0; k < numbers.size(); ++k) write(static_cast<std::size_t>(numbers[k]), masks[static_cast<std::int64_t>(k)]);
            return rows;
        };
    }
    json named(json report) const {
        for (std::size_t k = 0; k < m_paths.size(); ++k) report["predictions"][k]["mask"] = m_paths[k].string();
        return report;
    }

private:
    /// Pictures of one name may come from several folders.
    std::filesystem::path freeName(const std::filesystem::path& folder, const std::string& stem) const {
        std::filesystem::path path = folder / (stem + ".png");
        for (int k = 2; std::ranges::find(m_paths, path) != m_paths.end(); ++k) path = folder / fmt::format("{}-{}.png", stem, k);
        return path;
    }
    void write(std::size_t sample, const at::Tensor& mask) const {
        const auto* pixels = mask.const_data_ptr<std::uint8_t>();
        const formats::Image made{mask.size(0), mask.size(1), 1, {pixels, pixels + mask.numel()}};
        const data::PictureSize& size = m_inputs.sizes[sample];
        const std::string bytes = formats::maskPng(formats::unfittedMask(made, size.height, size.width));
        formats::AtomicFile file(m_paths[sample]);
        file.writeAt(0, std::as_bytes(std::span(bytes)));
        file.commit();
    }

    const data::Inputs& m_inputs;
    std::vector<std::filesystem::path> m_paths;
};

const char* kindText(models::DataKind kind) {
    if (kind == models::DataKind::Text) return "text";
    return kind == models::DataKind::Table ? "table" : "pictures";
}

}  // namespace

json predict(const std::optional<store::RunFolder>& run, const std::filesystem::path& file, const PredictOptions& options, Weights weights) {
    std::optional<TrainedModel> trained;
    if (run) trained.emplace(openTrained(*run, weights));
    const data::Reference reference = trained ? data::Reference{data::preparationOf(trained->config), trained->dataset.reference, trained->dataset.classes}
                                              : referenceOf(file);
    if (trained && !file.empty()) requireSameReference(*trained, file);
    const data::Inputs inputs = data::readInputs(options.inputs, reference);
    MaskFiles masks(options, inputs);
    if (!trained) {
        Exported exported(file, inputs);
        const at::Tensor answers = answersOf(inputs, reference, masks.beside(exported.net()));
        return masks.named({{"by", "file"}, {"kind", kindText(inputs.shape.kind)}, {"predictions", predictionsOf(inputs, reference, answers, options.top)}});
    }

    RunNet net(*trained);
    const Net own = [&](std::span<const std::int64_t> numbers) { return answerRows(net.logits(inputs.source->assemble(numbers, {}, {at::kFloat, false}))); };
    const at::Tensor answers = answersOf(inputs, reference, masks.beside(own));
    json report = masks.named({{"by", "run"}, {"kind", kindText(inputs.shape.kind)}, {"predictions", predictionsOf(inputs, reference, answers, options.top)}});
    if (file.empty()) return report;
    Exported exported(file, inputs);
    const at::Tensor others = exported.answers(reference);
    setBeside(report["predictions"], predictionsOf(inputs, reference, others, options.top));
    report["by"] = "both";
    report["largest_difference"] = headroom::json::number<json>(answers.sub(others).abs().max().item<double>());
    const std::int64_t first[]{0};
    const data::Samples one = inputs.source->assemble(first, {}, {at::kFloat, false});  // both measure the net alone
    report["latency"] = {{"run", latencyOf([&] { net.logits(one); })}, {"file", exported.latency()}};
    return report;
}

}  // namespace headroom::deploy
