// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace headroom::formats {

/// The entries of an ONNX file's metadata_props. Graph and weights are passed over unread, so this takes little memory
/// whatever the file's size. Throws Error ONX-01 (not an ONNX file), ONX-02 (larger than 2 GiB - 1), DAT-04.
std::map<std::string, std::string> readOnnxMetadata(const std::filesystem::path& path);

}  // namespace headroom::formats
