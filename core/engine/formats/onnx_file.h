// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/errors/error.h"
#include "base/graph/host_tensor.h"

namespace onnx {
class ModelProto;
class TensorProto;
}  // namespace onnx

namespace headroom::formats {

struct OnnxLimits {
    std::uint64_t maxBytes = 2'147'483'647;  ///< of the file: ONNX's own limit, 2 GiB - 1
    std::size_t maxNodes = 100'000;
    std::size_t maxFunctions = 10'000;  ///< ONNX's own
    std::size_t maxDepth = 32;          ///< graphs within graphs
    std::size_t maxName = 1024;         ///< bytes
    std::size_t maxRank = 32;
    std::uint64_t maxValueBytes = std::uint64_t{1} << 34;  ///< of one value of the graph, a named dimension counted as 1
    std::uint64_t maxTotalBytes = std::uint64_t{1} << 38;  ///< of all values together
};

/// The file as a message. What the schema cannot say is checked here without following any of it: graphs within graphs (ONX-07),
/// cycles (ONX-08), names (ONX-09), opset and version (ONX-11), number of nodes (ONX-14). Data outside of the file is left to
/// dataOutside(), so that it is told together with the operators. Throws also ONX-01, ONX-02, PKL-01 and DAT-04.
void parseOnnx(const std::filesystem::path& path, const OnnxLimits& limits, onnx::ModelProto& model);

/// ONX-03 where any tensor of the message keeps its data outside of the file, with their names; none of the paths is followed.
std::optional<Failure> dataOutside(const std::string& file, const onnx::ModelProto& model);

/// Throws where the file is not an ONNX message (as parseOnnx) or any tensor within it, in subgraphs and functions too, keeps its data
/// outside (ONX-03), before another program follows such a path. Versions, names and operators are left to that program.
void requireOneFile(const std::filesystem::path& path);

/// The standard domain's opset of a parsed model.
int opsetOf(const onnx::ModelProto& model);

/// A tensor of the file in plain memory. Throws ONX-03 (data elsewhere), ONX-04 (overflow), ONX-05 (size and shape differ), ONX-06
/// (shape out of range), ONX-13 (an encoding that is not supported).
graph::HostTensor tensorFrom(const onnx::TensorProto& proto, const std::string& file, const OnnxLimits& limits);

/// A tensor of 16-bit floats as fp32, which holds each of them exactly; any other as it is.
graph::HostTensor widened(graph::HostTensor tensor);

/// A file that holds one tensor (ONNX's test data). Throws as tensorFrom, and ONX-01, DAT-04.
graph::HostTensor readOnnxTensor(const std::filesystem::path& path);

}  // namespace headroom::formats
