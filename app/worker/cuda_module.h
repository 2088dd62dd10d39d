// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::worker {

/// Opens the CUDA half beside this program and returns the number of devices; further calls are free. Throws DEV-02 where
/// the module is missing or cannot be opened, DEV-01 where there is no driver or no device.
int openCuda();

}  // namespace headroom::worker
