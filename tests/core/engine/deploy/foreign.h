// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "base/graph/graph.h"

namespace headroom::test {

/// An ONNX file of one operator that reads "input", [batch, columns] in fp32.
std::filesystem::path writeForeign(const std::filesystem::path& file, const char* op, const graph::Attributes& attributes = {}, std::int64_t columns = 3,
                                   const std::map<std::string, std::string>& metadata = {});
/// The same file with one more weight, whose data lie at `location`.
std::filesystem::path withOutsideWeight(const std::filesystem::path& file, const std::string& location);

}  // namespace headroom::test
