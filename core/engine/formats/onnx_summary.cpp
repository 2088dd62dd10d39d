// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_summary.h"

#include "base/graph/summary.h"

namespace headroom::formats {

nlohmann::json summaryOf(const OnnxModel& model) {
    nlohmann::json summary = graph::summaryOf(model.graph);
    for (std::size_t k = 0; k < model.outputs.size(); ++k) summary["outputs"][k]["name"] = model.outputs[k];
    std::size_t bytes = 0;
    for (const graph::HostTensor& weight : model.weights) bytes += weight.data.size();
    summary.update({{"format", "onnx"},        {"opset", model.opset},
                    {"producer", model.producer}, {"weights_bytes", bytes},
                    {"batch_freed", model.batchFreed}, {"half_widened", model.halfWidened}, {"metadata", model.metadata}});
    return summary;
}

}  // namespace headroom::formats
