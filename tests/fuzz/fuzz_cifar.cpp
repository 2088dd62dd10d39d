// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/cifar.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        const auto pictures = formats::readCifar("/proc/self/fd", {file.path()}, {});
        fuzz::promise(pictures.train.pixels.size() == pictures.train.labels.size() * 3072);
        for (const std::int32_t label : pictures.train.labels)
            fuzz::promise(label >= 0 && label < static_cast<std::int32_t>(pictures.classes.size()));
    });
    return 0;
}
