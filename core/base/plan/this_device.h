// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/plan/device_model.h"

namespace headroom::plan {

/// The model of a device of this machine, "cpu" or "cuda:N". A GPU that the driver does not show has no figures.
DeviceModel thisDevice(const std::string& device);

}  // namespace headroom::plan
