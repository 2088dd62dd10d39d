// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "engine/formats/dataset.h"

namespace headroom::data {

/// 32 hexadecimal digits over everything that training or evaluation can see of the data. Not for security.
std::string fingerprintOf(const formats::RawDataset& raw);
/// The one that folders of pictures had while all of their pixels had to be in memory, for the checkpoints of that time; empty for other data, and
/// where not all are.
std::string earlierFingerprintOf(const formats::RawDataset& raw);

}  // namespace headroom::data
