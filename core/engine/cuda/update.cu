// SPDX-License-Identifier: Apache-2.0
#include "engine/cuda/update.h"

#include <cuda_bf16.h>

#include <algorithm>

#include "engine/cuda/philox.cuh"
#include "engine/run/simd/dynamic_map.h"

namespace headroom::cuda {

namespace {

using run::simd::DynamicMap;
using run::simd::Levels;

constexpr int kBlock = 256;  // numbers that share a scale: plan::kStateBlock
constexpr std::int64_t kMostBlocks = 65535;

__constant__ const DynamicMap kSignedMap = run::simd::dynamicMap(Levels::Signed);
__constant__ const DynamicMap kUnsignedMap = run::simd::dynamicMap(Levels::Unsigned);

__device__ float numberAt(const void* from, bool bf16, std::int64_t i) {
    return bf16 ? __bfloat162float(static_cast<const __nv_bfloat16*>(from)[i]) : static_cast<const float*>(from)[i];
}

/// The low half plus sixteen random bits, cut off.
__device__ void roundStochastically(void* to, std::int64_t i, float x, std::uint64_t step, std::uint64_t key) {
    const std::uint32_t bits = __float_as_uint(x);
    const std::uint32_t random = bitsOf(std::uint64_t(i), step, key) >> 16;
    const std::uint32_t chosen = x == x ? bits + random : (bits | 0x400000u);
    static_cast<std::uint16_t*>(to)[i] = std::uint16_t(chosen >> 16);
}

/// The largest magnitude of the thread block; as whole numbers, magnitudes keep their order and NaN is above all.
__device__ float largestMagnitude(float x) {
    __shared__ unsigned largest;
    if (threadIdx.x == 0) largest = 0;
    __syncthreads();
    unsigned bits = __float_as_uint(fabsf(x));
    for (int lanes = 16; lanes > 0; lanes /= 2) bits = max(bits, __shfl_xor_sync(0xFFFFFFFFu, bits, lanes));
    if (threadIdx.x % 32 == 0) atomicMax(&largest, bits);
    __syncthreads();
    const float result = __uint_as_float(largest);
    __syncthreads();  // before the next use of it
    return result;
}

/// As in run/simd/update.h.
__device__ std::uint8_t codeOf(float x, float scale, Levels kind, std::uint32_t random) {
    const DynamicMap& map = kind == Levels::Signed ? kSignedMap : kUnsignedMap;
    const float y = fabsf(x) / (scale > 0 ? scale : 1.0f);
    int d = 0;
    while (d + 1 < run::simd::kDecades && y >= map.decades[d + 1].lowest) ++d;
    const run::simd::Decade& decade = map.decades[d];
    const float place = (y - decade.base) * decade.scale - 0.5f;
    const int k = min(int(place), decade.last);
    float share = place - float(k);
    if (k == decade.last) share *= decade.above;
    const bool fromZero = kind == Levels::Signed && y < map.decades[0].lowest;
    if (fromZero) share = y * (1 / map.decades[0].lowest);
    int number = (fromZero ? 0 : decade.first) + k + (float(random >> 8) * 0x1p-24f < share ? 1 : 0);
    if (y >= 1) number = map.top;
    if (!(y > 0)) number = 0;
    return std::uint8_t(x < 0 ? map.zero - min(number, map.zero) : map.zero + number);
}

__device__ float opened(const MomentMemory& moment, std::int64_t block, std::int64_t i) {
    if (moment.bits != 8) return numberAt(moment.numbers, moment.bits == 16, i);
    const DynamicMap& map = moment.kind == Levels::Signed ? kSignedMap : kUnsignedMap;
    return map.levels[static_cast<const std::uint8_t*>(moment.numbers)[i]] * moment.scales[block];
}

/// Every thread of the block comes here, those beyond the end with x = 0.
__device__ void close(const MomentMemory& moment, std::int64_t block, std::int64_t i, bool inside, float x, std::uint64_t step) {
    if (moment.bits == 8) {
        const float scale = largestMagnitude(x);
        if (threadIdx.x == 0) moment.scales[block] = scale;
        const std::uint32_t random = bitsOf(std::uint64_t(i), step, moment.key);
        if (inside) static_cast<std::uint8_t*>(moment.numbers)[i] = codeOf(x, scale, moment.kind, random);
    } else if (inside && moment.bits == 16) {
        roundStochastically(moment.numbers, i, x, step, moment.key);
    } else if (inside) {
        static_cast<float*>(moment.numbers)[i] = x;
    }
}

__device__ float adamw(const run::simd::AdamwUpdate& u, float value, float g, float& m, float& v) {
    m = m + u.oneMinusBeta1 * (g - m);
    v = u.beta2 * v + u.oneMinusBeta2 * (g * g);
    return u.keep * value - u.rate * m / (sqrtf(v) * u.correction + u.epsilon);
}

__device__ float sgd(const run::simd::SgdUpdate& u, float value, float gradient, float& momentum, bool hasMomentum) {
    const float g = gradient + u.decay * value;
    if (!hasMomentum) return value - u.rate * g;
    momentum = u.momentum * momentum + g;
    return value - u.rate * (u.nesterov ? g + u.momentum * momentum : momentum);
}

__global__ void updateKernel(const BlockUpdate what) {
    const std::int64_t blocks = (what.count + kBlock - 1) / kBlock;
    for (std::int64_t block = blockIdx.x; block < blocks; block += gridDim.x) {
        const std::int64_t i = block * kBlock + threadIdx.x;
        const bool inside = i < what.count;
        float value = 0, gradient = 0, moments[2] = {};
        if (inside) {
            value = numberAt(what.value, what.valueIsBf16, i);
            gradient = numberAt(what.gradient, what.gradientIsBf16, i);
            for (int k = 0; k < 2; ++k)
                if (what.moments[k].numbers) moments[k] = opened(what.moments[k], block, i);
            value = what.isAdamw ? adamw(what.adamw, value, gradient, moments[0], moments[1])
                                 : sgd(what.sgd, value, gradient, moments[0], what.moments[0].numbers != nullptr);
        }
        __syncthreads();  // all have read the scales that one writes
        for (int k = 0; k < 2; ++k)
            if (what.moments[k].numbers) close(what.moments[k], block, i, inside, moments[k], what.step);
        if (inside && what.valueIsBf16) roundStochastically(what.value, i, value, what.step, what.key);
        if (inside && !what.valueIsBf16) static_cast<float*>(what.value)[i] = value;
    }
}

}  // namespace

cudaError_t update(const BlockUpdate& what, cudaStream_t stream) {
    if (what.count == 0) return cudaSuccess;
    const auto blocks = static_cast<unsigned>(std::min(kMostBlocks, (what.count + kBlock - 1) / kBlock));
    updateKernel<<<blocks, kBlock, 0, stream>>>(what);
    return cudaGetLastError();
}

}  // namespace headroom::cuda
