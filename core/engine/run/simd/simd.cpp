// SPDX-License-Identifier: Apache-2.0
#include "engine/run/simd/simd.h"

namespace headroom::run::simd {

extern const Tables baseline;
#if defined(__x86_64__)
extern const Tables avx2;
extern const Tables avx512;
#endif

namespace {

const Tables& chosen() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"))
        return avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#endif
    return baseline;
}

}  // namespace

const Tables& tables() {
    static const Tables& best = chosen();
    return best;
}

}  // namespace headroom::run::simd
