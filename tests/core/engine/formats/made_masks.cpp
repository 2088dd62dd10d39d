// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/made_masks.h"

#include <png.h>

#include <fstream>

namespace headroom::test {

std::string palettePng(int width, int height, const Pixels& places, int colours) {
    Pixels palette;
    for (int k = 0; k < colours; ++k) palette.insert(palette.end(), {static_cast<std::uint8_t>(255 - k), static_cast<std::uint8_t>(k), 40});
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = PNG_FORMAT_RGB_COLORMAP;
    image.colormap_entries = static_cast<png_uint_32>(colours);
    png_alloc_size_t size = 0;
    png_image_write_to_memory(&image, nullptr, &size, 0, places.data(), 0, palette.data());
    std::string bytes(size, '\0');
    png_image_write_to_memory(&image, bytes.data(), &size, 0, places.data(), 0, palette.data());
    return bytes.substr(0, size);
}

void writeScenes(const std::filesystem::path& folder, int side, int count, std::uint64_t first) {
    const auto write = [](const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size())); };
    for (const char* half : {"images", "masks"}) std::filesystem::create_directories(folder / half);
    for (int k = 0; k < count; ++k) {
        const Scene scene = makeScene(side, first + static_cast<std::uint64_t>(k));
        const std::string name = "scene" + std::to_string(100 + k) + ".png";
        write(folder / "images" / name, png(side, side, PNG_FORMAT_GRAY, scene.picture.data()));
        write(folder / "masks" / name, palettePng(side, side, scene.mask));
    }
}

}  // namespace headroom::test
