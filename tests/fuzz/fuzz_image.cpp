// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/mask_image.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        const auto declared = formats::declaredImage(file.path());
        fuzz::promise(!declared || (declared->height > 0 && declared->width > 0 && (declared->channels == 1 || declared->channels == 3)));
    });
    fuzz::expectResultOrError([&] {
        const formats::Image image = formats::readImage(file.path(), {.maxSide = 512, .maxDecoded = std::uint64_t{1} << 18});
        const auto area = static_cast<std::size_t>(image.height * image.width);
        fuzz::promise(image.height > 0 && image.width > 0 && image.height <= 512 && image.width <= 512);
        fuzz::promise((image.channels == 1 || image.channels == 3) && image.pixels.size() == area * static_cast<std::size_t>(image.channels));
        const formats::Image small = formats::fitted(image, 5, 7, 3);
        fuzz::promise(small.pixels.size() == 5 * 7 * 3);
    });
    fuzz::expectResultOrError([&] {
        const formats::Image mask = formats::readMask(file.path(), {.maxSide = 512, .maxDecoded = std::uint64_t{1} << 18});
        fuzz::promise(mask.channels == 1 && mask.pixels.size() == static_cast<std::size_t>(mask.height * mask.width));
        fuzz::promise(formats::fittedMask(mask, 5, 7).pixels.size() == 5 * 7);
        fuzz::promise(formats::unfittedMask(mask, 9, 4).pixels.size() == 9 * 4);
    });
    return 0;
}
