// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/made_pictures.h"

#include <png.h>
#include <turbojpeg.h>

namespace headroom::test {

std::string png(int width, int height, std::uint32_t format, const void* pixels) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = format;
    png_alloc_size_t size = 0;
    png_image_write_to_memory(&image, nullptr, &size, 0, pixels, 0, nullptr);
    std::string bytes(size, '\0');
    png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr);
    return bytes.substr(0, size);
}

std::string greyPng(int width, int height, std::uint8_t brightness) {
    return png(width, height, PNG_FORMAT_GRAY, Pixels(static_cast<std::size_t>(width * height), brightness).data());
}

std::string colourPng(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
    Pixels pixels;
    for (int k = 0; k < width * height; ++k) pixels.insert(pixels.end(), {red, green, blue});
    return png(width, height, PNG_FORMAT_RGB, pixels.data());
}

std::string jpeg(int width, int height, int format, const Pixels& pixels, int sampling) {
    const tjhandle handle = tjInitCompress();
    unsigned char* made = nullptr;
    unsigned long size = 0;
    tjCompress2(handle, pixels.data(), width, 0, height, format, &made, &size, sampling, 98, 0);
    std::string bytes(reinterpret_cast<const char*>(made), size);
    tjFree(made);
    tjDestroy(handle);
    return bytes;
}

}  // namespace headroom::test
