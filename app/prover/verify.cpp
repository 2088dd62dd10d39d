// SPDX-License-Identifier: Apache-2.0
#include "prover/verify.h"

#include <algorithm>
#include <istream>
#include <optional>

#include "engine/formats/safetensors.h"
#include "prover/latency.h"
#include "prover/samples.h"

namespace headroom::prover {
namespace {

/// One output of several batches, row after row.
struct Output {
    formats::StSpec spec;
    std::vector<std::byte> bytes;

    void append(const ov::Tensor& part) {
        if (part.get_element_type() != ov::element::f32) throw refused("the output is not fp32", part.get_element_type().get_type_name());
        const ov::Shape shape = part.get_shape();
        if (shape.empty()) throw refused("the output has no rows", "a single number");
        const std::vector<std::int64_t> extents(shape.begin(), shape.end());
        if (spec.shape.empty()) spec.shape = extents, spec.shape[0] = 0;
        if (!std::equal(extents.begin() + 1, extents.end(), spec.shape.begin() + 1, spec.shape.end()))
            throw refused("the rows of the output differ from batch to batch", shape.to_string());
        spec.shape[0] += extents[0];
        const auto* bytesOfPart = static_cast<const std::byte*>(part.data());
        bytes.insert(bytes.end(), bytesOfPart, bytesOfPart + part.get_byte_size());
    }

private:
    Error refused(std::string problem, std::string found) const {
        return Error(Failure{.code = Code::Exp03, .subject = escaped(spec.name), .problem = std::move(problem), .found = std::move(found)});
    }
};

/// All samples in batches; keeps the first of them, for measuring.
class Pass {
public:
    explicit Pass(OpenedModel& model) : m_model(model), m_inference(model.compiled().create_infer_request()) {}

    std::int64_t run(const std::filesystem::path& from, const std::filesystem::path& to) {
        Samples samples = Samples::read(m_model, from);
        const std::vector<Output> outputs = outputsOf(samples);
        std::vector<formats::StView> views;
        for (const Output& output : outputs) views.push_back({output.spec, output.bytes});
        formats::writeSafetensors(to, views);
        m_samples += samples.count();
        if (!m_first) m_first = samples.repeated(std::max(m_model.request().batch, std::min(samples.count(), kKept)));
        return samples.count();
    }

    std::int64_t samples() const { return m_samples; }
    double samplesPerSecond() const { return m_ms > 0 ? 1000 * static_cast<double>(m_samples) / m_ms : 0; }
    /// Null before the first ones.
    std::optional<Samples>& first() { return m_first; }

private:
    static constexpr std::int64_t kKept = 256;

    std::vector<Output> outputsOf(Samples& samples) {
        std::vector<Output> outputs(m_model.compiled().outputs().size());
        for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k].spec.name = m_model.compiled().output(k).get_any_name();
        for (std::int64_t first = 0; first < samples.count(); first += m_model.request().batch) {
            const Clock::time_point begin = Clock::now();
            samples.feed(m_inference, first, std::min(m_model.request().batch, samples.count() - first));
            m_inference.infer();
            m_ms += millisecondsSince(begin);
            for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k].append(m_inference.get_output_tensor(k));
        }
        return outputs;
    }

    OpenedModel& m_model;
    ov::InferRequest m_inference;
    std::optional<Samples> m_first;
    std::int64_t m_samples = 0;
    double m_ms = 0;
};

/// What an order names; DAT-05 for one that is not understood.
std::filesystem::path pathIn(const nlohmann::json& order, const char* name) {
    const auto found = order.is_object() ? order.find(name) : order.end();
    if (order.is_object() && found != order.end() && found->is_string()) return found->get<std::string>();
    throw Error(Failure{.code = Code::Dat05, .subject = "headroom-prover", .problem = "an order is not understood", .found = name});
}

std::vector<Latency> latenciesOf(OpenedModel& model, Samples& samples) {
    std::vector<std::int64_t> batches{1};
    if (model.request().batch != 1) batches.push_back(model.request().batch);
    return measureLatencies(model, batches, [&](ov::InferRequest& inference, std::int64_t run, std::int64_t batch) {
        samples.feed(inference, run % (samples.count() - batch + 1), batch);
    });
}

}  // namespace

Report verify(const Request& request, std::istream& lines, const Tell& tell) {
    OpenedModel model(request);
    tell({{"precision", model.report().precision}});
    Pass pass(model);
    for (std::string line; std::getline(lines, line);) {
        const nlohmann::json order = nlohmann::json::parse(line, nullptr, false);
        tell({{"rows", pass.run(pathIn(order, "samples"), pathIn(order, "out"))}});
    }
    Report report = model.report();
    report.samples = pass.samples();
    report.samplesPerSecond = pass.samplesPerSecond();
    if (pass.first()) report.latencies = latenciesOf(model, *pass.first());
    if (!request.cache.empty()) report.cache = model.measureCache();
    return report;
}

}  // namespace headroom::prover
