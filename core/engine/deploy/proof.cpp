// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/proof.h"

#include <algorithm>
#include <memory>

#include "base/json/number.h"
#include "base/units/units.h"
#include "engine/data/reference_fields.h"
#include "engine/data/split.h"
#include "engine/deploy/agreement.h"
#include "engine/deploy/prover.h"

namespace headroom::deploy {
namespace {

constexpr std::int64_t kMostSamples = 256;
constexpr Bytes kMostBytes = Bytes{64} << 20;

/// A file in the other runtime at one precision, and what its outputs are worth.
class Trial {
public:
    Trial(const std::filesystem::path& file, const Prover::Options& options, const models::DataShape& shape)
        : m_prover(file, options), m_outputs(outputsOf(shape)), m_quality(shape.task), m_agreement(shape.task) {}

    const std::string& precision() const { return m_prover.precision(); }

    /// `source`: logits of the net; undefined where nothing is compared.
    void add(const std::vector<data::RawInput>& inputs, const at::Tensor& targets, const at::Tensor& source) {
        const at::Tensor outputs = m_prover.run(inputs, targets.numel(), m_outputs);
        m_quality.add(outputs, targets);
        if (source.defined()) m_agreement.add(source, outputs);
    }

    nlohmann::json figures() {
        nlohmann::json figures = m_prover.report();
        figures.update(m_quality.figures());
        if (m_agreement.rows() == 0) return figures;
        using nlohmann::json;
        figures.update({{"largest_difference", headroom::json::number<json>(m_agreement.largestDifference())},
                        {"relative_difference", headroom::json::number<json>(m_agreement.relativeDifference())}, {"largest_logit", m_agreement.largestLogit()},
                        {"flipped", m_agreement.flipped()}, {"finite", m_agreement.finite()}, {"agrees", m_agreement.holds()}});
        return figures;
    }

private:
    Prover m_prover;
    std::int64_t m_outputs;
    Quality m_quality;
    Agreement m_agreement;
};

}  // namespace

std::vector<data::RawInput> rawInputs(const data::Source& source, std::span<const std::int64_t> numbers) {
    const auto* raw = dynamic_cast<const data::RawSource*>(&source);
    if (!raw) throw data::noPreparation("the file prepares samples of another kind");
    return raw->raw(numbers);
}

std::int64_t proofBatch(const models::DataShape& shape) {
    const std::int64_t input = shape.channels * shape.height * shape.width + shape.features + 2 * shape.context;
    const std::int64_t output = std::max(shape.outputs * rowsOf(shape, 1), shape.context * shape.vocabulary);
    const Bytes largest = static_cast<Bytes>(sizeof(float)) * std::max<std::int64_t>({input, output, 1});
    return std::clamp<std::int64_t>(kMostBytes / largest, 1, kMostSamples);
}

std::int64_t latencyBatch(const models::DataShape& shape) { return std::min(Prover::Options().batch, proofBatch(shape)); }

std::int64_t outputsOf(const models::DataShape& shape) { return shape.kind == models::DataKind::Text ? shape.vocabulary : shape.outputs; }

std::int64_t rowsOf(const models::DataShape& shape, std::int64_t length) {
    if (shape.task == models::Task::Segmentation) return shape.height * shape.width;
    return shape.kind == models::DataKind::Text ? length : 1;
}

nlohmann::json proveFile(const std::filesystem::path& file, const ProvenPart& part, const SourceNet& net) {
    const models::Task task = part.shape.task;
    const std::int64_t together = latencyBatch(part.shape);
    Trial exact(file, {.precision = "f32", .measureCache = true, .batch = together}, part.shape);
    auto chosen = std::make_unique<Trial>(file, Prover::Options{.precision = "default", .batch = together}, part.shape);
    if (chosen->precision() == exact.precision()) chosen.reset();  // the same arithmetic: one measurement stands for both
    Quality quality(task);
    const std::int64_t count = part.source.size(), batch = proofBatch(part.shape);
    for (std::int64_t first = 0; first < count; first += batch) {
        const std::vector<std::int64_t> numbers = data::numbersFrom(first, std::min(count, first + batch));
        const data::Samples samples = part.source.assemble(numbers, {}, {at::kFloat, false});
        const std::vector<data::RawInput> inputs = part.raw ? rawInputs(part.source, numbers) : std::vector<data::RawInput>{{"input", samples.input}};
        const at::Tensor logits = net ? net(samples) : at::Tensor();
        exact.add(inputs, samples.target, logits);
        if (chosen) chosen->add(inputs, samples.target, logits);
        if (net) quality.add(logits, samples.target);
    }
    nlohmann::json report{{"samples", count}, {"part", part.part}, {"f32", exact.figures()}};
    report["default"] = chosen ? chosen->figures() : report["f32"];
    if (!net) return report;
    report["source"] = quality.figures();
    report["verified"] = report["f32"]["agrees"];
    for (const char* figure : {"largest_difference", "relative_difference", "largest_logit", "flipped", "finite"}) report[figure] = report["f32"][figure];
    return report;
}

}  // namespace headroom::deploy
