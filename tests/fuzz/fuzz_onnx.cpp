// SPDX-License-Identifier: Apache-2.0
#include "base/graph/op_entry.h"
#include "engine/formats/onnx_reader.h"
#include "memory_file.h"

using namespace headroom;

/// What is read is a graph that holds together, with a tensor of the right size for every parameter and buffer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        formats::OnnxReadOptions options;
        options.limits.maxNodes = 64;
        options.limits.maxValueBytes = 1 << 24;
        options.limits.maxTotalBytes = 1 << 26;
        const formats::OnnxModel model = formats::readOnnx(file.path(), options);
        fuzz::promise(!model.graph.outputs().empty());
        fuzz::promise(model.weights.size() == model.graph.parameters().size() + model.graph.buffers().size());
        for (const graph::HostTensor& weight : model.weights) {
            const graph::ValueId id = model.graph.find(weight.name);
            fuzz::promise(id != graph::kNone);
            const auto extents = graph::resolved(model.graph.value(id).type.shape, {});
            fuzz::promise(static_cast<std::int64_t>(weight.data.size()) == graph::elementCount(extents) * graph::byteSize(weight.dtype));
        }
    });
    return 0;
}
