// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/safetensors.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        formats::StLimits limits;
        limits.maxTensors = 8;
        limits.maxName = 64;
        const formats::SafetensorsFile opened(file.path(), limits);
        std::uint64_t total = 0;
        for (const formats::StTensor& tensor : opened.tensors()) {
            total += opened.read(tensor).size();
            opened.countNonFinite(tensor);
            fuzz::promise(opened.find(tensor.name) == &tensor);
        }
        fuzz::promise(total + 8 <= size);
    });
    return 0;
}
