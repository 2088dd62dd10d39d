// SPDX-License-Identifier: Apache-2.0
#include "engine/run/simd/simd.h"

#include <cpuid.h>

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

/// AVX512-BF16 stands in leaf 7, subleaf 1, EAX bit 5; AMX-BF16 in subleaf 0, EDX bit 22.
bool readNativeBf16() {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 22))) return true;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5))) return true;
#endif
    return false;
}

}  // namespace

const Tables& tables() {
    static const Tables& best = chosen();
    return best;
}

bool hasNativeBf16() {
    static const bool native = readNativeBf16();
    return native;
}

}  // namespace headroom::run::simd
