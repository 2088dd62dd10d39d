// SPDX-License-Identifier: Apache-2.0
#include "prover/opened_model.h"

#include "engine/formats/onnx_file.h"

namespace headroom::prover {
namespace {

namespace fs = std::filesystem;

ov::AnyMap settings(const Request& request, int threads) {
    ov::AnyMap map;
    if (request.precision != "default") map.insert(ov::hint::inference_precision(ov::element::f32));
    if (threads > 0) map.insert(ov::inference_num_threads(threads));
    map.insert(ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
    return map;
}

Bytes bytesIn(const fs::path& folder) {
    Bytes sum = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) sum += static_cast<Bytes>(entry.file_size());
    return sum;
}

/// OpenVINO would follow paths that a foreign file names.
Request checked(Request request) {
    if (!fs::is_regular_file(request.model)) throw unusable(request, Code::Exp03, "the model cannot be read", "no such file");
    formats::requireOneFile(request.model);
    return request;
}

}  // namespace

double millisecondsSince(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Error unusable(const Request& request, Code code, std::string problem, std::string found) {
    return Error(Failure{code, escaped(request.model.filename().string()), std::move(problem), std::move(found), {},
                         "Export the run again, or open the file with another runtime to see more."});
}

OpenedModel::OpenedModel(Request request) : m_request(checked(std::move(request))) {
    const Clock::time_point begin = Clock::now();
    m_model = m_core.read_model(m_request.model.string());
    m_compiled = m_core.compile_model(m_model, "CPU", settings(m_request, m_request.threads));
    m_loadMs = millisecondsSince(begin);
}

ov::CompiledModel OpenedModel::compiledFor(int threads) { return m_core.compile_model(m_model, "CPU", settings(m_request, threads)); }

CacheTimes OpenedModel::measureCache() const {
    CacheTimes times;
    for (double* each : {&times.firstMs, &times.secondMs}) {
        ov::Core core;
        core.set_property(ov::cache_dir(m_request.cache.string()));
        const Clock::time_point begin = Clock::now();
        const ov::CompiledModel compiled = core.compile_model(m_request.model.string(), "CPU", settings(m_request, m_request.threads));
        *each = millisecondsSince(begin);
        times.used = compiled.get_property(ov::loaded_from_cache);
    }
    times.bytes = bytesIn(m_request.cache);
    return times;
}

Report OpenedModel::report() const {
    Report report;
    const std::string build = ov::get_openvino_version().buildNumber;  // 2026.4.1-22982-...
    report.runtime = "OpenVINO " + build.substr(0, build.find('-'));
    report.device = m_core.get_property("CPU", ov::device::full_name);
    report.precision = m_compiled.get_property(ov::hint::inference_precision).get_type_name();
    report.loadMs = m_loadMs;
    report.modelBytes = static_cast<Bytes>(fs::file_size(m_request.model));
    report.peakBytes = m_growth.most();
    report.processBytes = process::highWaterMark();
    return report;
}

}  // namespace headroom::prover
