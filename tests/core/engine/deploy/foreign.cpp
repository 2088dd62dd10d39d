// SPDX-License-Identifier: Apache-2.0
#include "core/engine/deploy/foreign.h"

#include <fstream>

#include "base/graph/op_entry.h"
#include "engine/formats/onnx_writer.h"

namespace headroom::test {
namespace {

/// A length-delimited field of protobuf's encoding.
std::string field(int number, const std::string& bytes) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

}  // namespace

std::filesystem::path writeForeign(const std::filesystem::path& file, const char* op, const graph::Attributes& attributes, std::int64_t columns,
                                   const std::map<std::string, std::string>& metadata) {
    graph::Graph net;
    const graph::ValueId input = net.addInput("input", {graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(columns)}});
    net.setOutputs(net.addNode(*graph::findOp(op), "answer", {input}, attributes));
    formats::writeOnnx(file, net, {}, {.metadata = metadata});
    return file;
}

std::filesystem::path withOutsideWeight(const std::filesystem::path& file, const std::string& location) {
    // ModelProto.graph 7, GraphProto.initializer 5, TensorProto.name 8 and external_data 13; messages one behind the other are merged
    const std::string weight = field(8, "w") + field(13, field(1, "location") + field(2, location));
    std::ofstream(file, std::ios::binary | std::ios::app) << field(7, field(5, weight));
    return file;
}

}  // namespace headroom::test
