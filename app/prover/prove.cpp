// SPDX-License-Identifier: Apache-2.0
#include "prover/prove.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <openvino/openvino.hpp>

#include "base/errors/error.h"
#include "base/process/high_water.h"
#include "engine/formats/safetensors.h"

namespace headroom::prover {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Error unusable(const Request& request, Code code, std::string problem, std::string found) {
    return Error(Failure{code, escaped(request.model.filename().string()), std::move(problem), std::move(found), {},
                         "Export the run again, or open the file with another runtime to see more."});
}

ov::element::Type elementType(formats::StType type) {
    switch (type) {
        case formats::StType::F32: return ov::element::f32;
        case formats::StType::F64: return ov::element::f64;
        case formats::StType::I64: return ov::element::i64;
        case formats::StType::I32: return ov::element::i32;
        case formats::StType::U8: return ov::element::u8;
        default: return ov::element::dynamic;
    }
}

/// The samples of one input, and how to cut a batch out of them.
struct Input {
    std::string name;
    ov::element::Type type;
    ov::Shape shape;
    std::vector<std::byte> bytes;

    std::int64_t samples() const { return static_cast<std::int64_t>(shape[0]); }

    ov::Tensor batch(std::int64_t first, std::int64_t count) {
        ov::Shape part = shape;
        part[0] = static_cast<std::size_t>(count);
        return ov::Tensor(type, part, bytes.data() + bytes.size() / shape[0] * static_cast<std::size_t>(first));
    }
};

/// One output of all batches, row after row.
struct Output {
    formats::StSpec spec;
    std::vector<std::byte> bytes;
};

std::vector<Input> readInputs(const ov::Model& model, const Request& request) {
    const formats::SafetensorsFile file(request.samples);
    std::vector<Input> inputs;
    for (const ov::Output<const ov::Node>& input : model.inputs()) {
        const std::string name = input.get_any_name();
        const formats::StTensor* tensor = file.find(name);
        if (!tensor || tensor->shape.empty() || tensor->shape.front() == 0)
            throw unusable(request, Code::Dat05, "the samples do not suit the model",
                           fmt::format("no samples for the input '{}'", escaped(name)));
        inputs.push_back({name, elementType(tensor->type), {tensor->shape.begin(), tensor->shape.end()}, file.read(*tensor)});
    }
    const auto uneven = [&](const Input& input) { return input.samples() != inputs.front().samples(); };
    if (inputs.empty() || std::ranges::any_of(inputs, uneven))
        throw unusable(request, Code::Dat05, "the samples do not suit the model", "the inputs differ in their number of samples");
    return inputs;
}

ov::AnyMap settings(const Request& request, int threads) {
    ov::AnyMap map;
    if (request.precision != "default") map.insert(ov::hint::inference_precision(ov::element::f32));
    if (threads > 0) map.insert(ov::inference_num_threads(threads));
    map.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
    return map;
}

void feed(ov::InferRequest& inference, std::vector<Input>& inputs, std::int64_t first, std::int64_t count) {
    for (Input& input : inputs) inference.set_tensor(input.name, input.batch(first, count));
}

void append(Output& whole, const ov::Tensor& part) {
    if (part.get_element_type() != ov::element::f32)
        throw Error(Failure{.code = Code::Exp03, .subject = escaped(whole.spec.name), .problem = "the output is not fp32",
                            .found = part.get_element_type().get_type_name()});
    const ov::Shape shape = part.get_shape();
    if (whole.spec.shape.empty()) {
        whole.spec.shape.assign(shape.begin(), shape.end());
        whole.spec.shape[0] = 0;
    }
    whole.spec.shape[0] += static_cast<std::int64_t>(shape[0]);
    const auto* bytes = static_cast<const std::byte*>(part.data());
    whole.bytes.insert(whole.bytes.end(), bytes, bytes + part.get_byte_size());
}

/// One pass over all samples; fills the report's throughput and returns the outputs.
std::vector<Output> runAll(ov::CompiledModel& compiled, std::vector<Input>& inputs, const Request& request, Report& report) {
    std::vector<Output> outputs(compiled.outputs().size());
    for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k].spec.name = compiled.output(k).get_any_name();
    ov::InferRequest inference = compiled.create_infer_request();
    report.samples = inputs.front().samples();
    const Clock::time_point begin = Clock::now();
    for (std::int64_t first = 0; first < report.samples; first += request.batch) {
        feed(inference, inputs, first, std::min(request.batch, report.samples - first));
        inference.infer();
        for (std::size_t k = 0; k < outputs.size(); ++k) append(outputs[k], inference.get_output_tensor(k));
    }
    report.samplesPerSecond = 1000.0 * static_cast<double>(report.samples) / milliseconds(begin);
    return outputs;
}

Latency measureLatency(ov::CompiledModel compiled, std::vector<Input>& inputs, int threads) {
    constexpr int kWarmUp = 20, kRuns = 300;
    constexpr double kLongestMs = 3000;
    ov::InferRequest inference = compiled.create_infer_request();
    std::vector<double> times;
    const Clock::time_point begin = Clock::now();
    for (int run = 0; run < kWarmUp + kRuns && (times.size() < 10 || milliseconds(begin) < kLongestMs); ++run) {
        feed(inference, inputs, run % inputs.front().samples(), 1);
        const Clock::time_point start = Clock::now();
        inference.infer();
        if (run >= kWarmUp) times.push_back(milliseconds(start));
    }
    std::ranges::sort(times);
    const auto percentile = [&](double share) { return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))]; };
    return {1, threads, percentile(0.5), percentile(0.9), percentile(0.99)};
}

Report measure(const Request& request) {
    Report report;
    report.modelBytes = static_cast<Bytes>(std::filesystem::file_size(request.model));
    const std::string build = ov::get_openvino_version().buildNumber;  // 2026.4.1-22982-...
    report.runtime = "OpenVINO " + build.substr(0, build.find('-'));
    ov::Core core;
    report.device = core.get_property("CPU", ov::device::full_name);
    const process::MemoryGrowth growth;
    const Clock::time_point begin = Clock::now();
    const std::shared_ptr<ov::Model> model = core.read_model(request.model.string());
    ov::CompiledModel compiled = core.compile_model(model, "CPU", settings(request, request.threads));
    report.loadMs = milliseconds(begin);
    report.precision = compiled.get_property(ov::hint::inference_precision).get_type_name();

    std::vector<Input> inputs = readInputs(*model, request);
    const std::vector<Output> outputs = runAll(compiled, inputs, request, report);
    report.peakBytes = growth.most();
    std::vector<formats::StView> views;
    for (const Output& output : outputs) views.push_back({output.spec, output.bytes});
    formats::writeSafetensors(request.outputs, views);
    report.latencies.push_back(measureLatency(core.compile_model(model, "CPU", settings(request, 1)), inputs, 1));
    report.latencies.push_back(measureLatency(compiled, inputs, request.threads));
    return report;
}

}  // namespace

Report prove(const Request& request) {
    if (!std::filesystem::is_regular_file(request.model))
        throw unusable(request, Code::Exp03, "the model cannot be read", "no such file");
    try {
        return measure(request);
    } catch (const ov::Exception& problem) {
        const std::string text = problem.what();
        throw unusable(request, Code::Exp03, "OpenVINO cannot run the file", text.substr(text.rfind('\n', text.size() - 2) + 1));
    }
}

}  // namespace headroom::prover
