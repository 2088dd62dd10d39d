// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include "core/engine/formats/made_pictures.h"
#include "core/engine/formats/made_scene.h"

namespace headroom::test {

/// A PNG whose pixels are places in a palette of so many colours: of 2, 4 and 16 it takes 1, 2 and 4 bits a pixel.
std::string palettePng(int width, int height, const Pixels& places, int colours = 256);

/// So many scenes as `images` and `masks` below a folder, the picture of a number as grey PNG, its mask with a palette.
void writeScenes(const std::filesystem::path& folder, int side, int count, std::uint64_t first = 0);

}  // namespace headroom::test
