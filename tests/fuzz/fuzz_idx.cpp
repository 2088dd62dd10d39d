// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/idx.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        formats::IdxOptions options;
        options.firstSamples = size % 3;
        options.limits = {std::uint64_t{1} << 24, 16384, 4096};
        const formats::IdxArray array = formats::readIdx(file.path(), options);
        std::uint64_t expected = formats::elementSize(array.type);
        for (const std::int64_t extent : array.dimensions) expected *= static_cast<std::uint64_t>(extent);
        fuzz::promise(array.bytes.size() == expected && array.declared >= array.dimensions.front());
    });
    return 0;
}
