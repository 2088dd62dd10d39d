// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/made_scene.h"

#include <random>

namespace headroom::test {

Scene makeScene(int side, std::uint64_t number) {
    std::mt19937_64 random(number + 1);
    const auto below = [&](int most) { return static_cast<int>(random() % static_cast<std::uint64_t>(most)); };
    const int radius = side / 8 + below(side / 8), x0 = radius + below(side - 2 * radius), y0 = radius + below(side - 2 * radius);
    const int width = side / 4 + below(side / 4), height = side / 4 + below(side / 4), left = below(side - width), top = below(side - height);
    Scene scene;
    for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x) {
            const int square = (x - x0) * (x - x0) + (y - y0) * (y - y0);
            const bool disc = square <= radius * radius, around = !disc && square <= (radius + 1) * (radius + 1);
            const bool box = x >= left && x < left + width && y >= top && y < top + height;
            const int kind = disc ? 1 : box ? 2 : 0;
            scene.mask.push_back(static_cast<std::uint8_t>(around ? 255 : kind));
            scene.picture.push_back(static_cast<std::uint8_t>(30 + 80 * kind + below(30)));
        }
    return scene;
}

}  // namespace headroom::test
