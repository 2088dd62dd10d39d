// SPDX-License-Identifier: Apache-2.0
#include "base/plan/this_device.h"

#include "base/plan/cpu_model.h"
#include "base/telemetry/sampler.h"

namespace headroom::plan {

DeviceModel thisDevice(const std::string& device) {
    if (device == "cpu") return thisCpu();
    for (const telemetry::GpuReading& gpu : telemetry::Sampler().read().gpus)
        if ("cuda:" + std::to_string(gpu.index) == device) return modelOfGpu(gpu.name, gpu.memoryTotal.value.value_or(0));
    return modelOfGpu(device, 0);
}

}  // namespace headroom::plan
