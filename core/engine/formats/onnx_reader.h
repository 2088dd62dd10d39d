// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/graph/graph.h"
#include "base/graph/host_tensor.h"
#include "engine/formats/onnx_file.h"

namespace headroom::formats {

/// A model of a file: its graph, lifted to the operators of opset 23, and its weights by the names of parameters and buffers.
struct OnnxModel {
    graph::Graph graph;
    std::vector<graph::HostTensor> weights;  ///< every parameter and buffer of the graph
    std::vector<std::string> outputs;        ///< the file's names of the graph's outputs, in order
    int opset = 0;                           ///< of the file
    std::string producer;
    std::map<std::string, std::string> metadata;
    bool halfWidened = false;  ///< it held 16-bit floats, which are fp32 here
    bool batchFreed = false;  ///< the file fixes a batch of 1, the graph takes any
};

struct OnnxReadOptions {
    OnnxLimits limits;
    /// What inputs of the model hold, where it is known beforehand: taken for those that a node needs as a constant alone.
    std::map<std::string, graph::HostTensor> known;
    /// A first dimension of 1 that all inputs have becomes "batch" where every node allows it.
    bool freesBatch = true;
    /// 16-bit floats - weights, inputs, casts - are read as fp32: what is trained is kept in it, the run's precision decides the rest.
    bool widensHalf = true;
};

/// Reads an ONNX file (opset 7 to 23, the standard domain, one file). Floating weights become parameters, running statistics
/// and other data buffers; what only says shapes, axes and scales becomes constants; what follows from constants and known
/// extents is computed here. The first dimension of the first input is named "batch" where it has a name.
/// Throws Error: ONX-01 to ONX-14 (docs/operators.md lists what is supported; all unsupported operators are named at once),
/// PKL-01, DAT-04.
OnnxModel readOnnx(const std::filesystem::path& path, const OnnxReadOptions& options = {});

}  // namespace headroom::formats
