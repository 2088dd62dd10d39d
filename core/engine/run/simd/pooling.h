// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/simd/vector.h"

namespace headroom::run::simd {
namespace {

/// Calls body(pixel offset in the picture, place within the window) for the places of window `w` inside the picture.
template <class Body>
[[gnu::always_inline]] inline void overWindow(const PoolRow& row, Count w, Body body) {
    const Count left = row.left + w * row.stride;
    for (Count i = 0; i < row.kernelHeight; ++i) {
        const Count y = row.top + i * row.dilationHeight;
        if (y < 0 || y >= row.inputHeight) continue;
        for (Count j = 0; j < row.kernelWidth; ++j) {
            const Count x = left + j * row.dilationWidth;
            if (x >= 0 && x < row.inputWidth) body((y * row.inputWidth + x) * row.channels, i * row.kernelWidth + j);
        }
    }
}

template <class T>
void maxPool(const T* input, T* y, std::uint8_t* index, const PoolRow& row) {
    for (Count w = 0; w < row.windows; ++w) {
        T* out = y + w * row.channels;
        std::uint8_t* place = index + w * row.channels;
        overLanes(row.channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
            Floats best = fill(-__builtin_inff());
            Ints won{};
            overWindow(row, w, [&](Count pixel, Count at) __attribute__((always_inline)) {
                const Floats v = take(input + pixel + c, lanes);
                const Ints better = (v > best) | (v != v);
                best = better ? v : best;
                won = better ? Ints{} + static_cast<std::int32_t>(at) : won;
            });
            put(out + c, best, lanes);
            const Octets narrow = __builtin_convertvector(won, Octets);
            __builtin_memcpy(place + c, &narrow, static_cast<unsigned long>(lanes));
        });
    }
}

template <class T>
void maxPoolBackward(const T* dy, const std::uint8_t* index, T* dinput, const PoolRow& row) {
    for (Count w = 0; w < row.windows; ++w) {
        const T* gradient = dy + w * row.channels;
        const std::uint8_t* place = index + w * row.channels;
        overLanes(row.channels, [&](Count c, Count lanes) __attribute__((always_inline)) {
            const Floats g = take(gradient + c, lanes);
            Octets narrow{};
            __builtin_memcpy(&narrow, place + c, static_cast<unsigned long>(lanes));
            const Ints won = __builtin_convertvector(narrow, Ints);
            overWindow(row, w, [&](Count pixel, Count at) __attribute__((always_inline)) {
                T* to = dinput + pixel + c;
                const Floats added = won == static_cast<std::int32_t>(at) ? g : Floats{};
                put(to, take(to, lanes) + added, lanes);
            });
        });
    }
}

}  // namespace
}  // namespace headroom::run::simd
