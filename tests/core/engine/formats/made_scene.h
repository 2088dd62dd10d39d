// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace headroom::test {

/// A made-up picture to take apart: on a dark ground (class 0) a disc (1) and a rectangle (2), told apart by brightness, with noise.
struct Scene {
    std::vector<std::uint8_t> picture;  ///< brightness, side x side
    std::vector<std::uint8_t> mask;     ///< class of each pixel; 255 around the disc, where the field's data do not say either
};
/// The same for the same number.
Scene makeScene(int side, std::uint64_t number);

}  // namespace headroom::test
