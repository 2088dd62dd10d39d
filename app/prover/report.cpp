// SPDX-License-Identifier: Apache-2.0
#include "prover/report.h"

namespace headroom::prover {
namespace {

using Json = nlohmann::ordered_json;

Json asJson(const Latency& latency) {
    return {{"batch", latency.batch}, {"threads", latency.threads}, {"runs", latency.runs},
            {"p50_ms", latency.p50Ms}, {"p90_ms", latency.p90Ms}, {"p99_ms", latency.p99Ms},
            {"samples_per_s", latency.samplesPerSecond}};
}

}  // namespace

Json asJson(const Report& report) {
    Json latencies = Json::array();
    for (const Latency& latency : report.latencies) latencies.push_back(asJson(latency));
    Json json{{"runtime", report.runtime}, {"device", report.device}, {"precision", report.precision}, {"load_ms", report.loadMs}};
    if (report.samples > 0) json.update({{"samples", report.samples}, {"samples_per_s", report.samplesPerSecond}});
    json.update({{"latency", std::move(latencies)}, {"model_bytes", report.modelBytes}, {"peak_bytes", report.peakBytes},
                 {"process_bytes", report.processBytes}});
    if (report.cache)
        json["cache"] = {{"first_load_ms", report.cache->firstMs}, {"second_load_ms", report.cache->secondMs},
                         {"bytes", report.cache->bytes}, {"used", report.cache->used}};
    return json;
}

}  // namespace headroom::prover
