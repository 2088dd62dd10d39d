// SPDX-License-Identifier: Apache-2.0
#include "base/process/processor.h"

#include <sched.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace headroom::process {
namespace {

/// AVX512-BF16 stands in leaf 7, subleaf 1, EAX bit 5; AMX-BF16 in subleaf 0, EDX bit 22.
bool readNativeBf16() {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 22))) return true;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5))) return true;
#endif
    return false;
}

int usableCores() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
    return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

}  // namespace

bool hasNativeBf16() {
    static const bool native = readNativeBf16();
    return native;
}

int computeThreads() {
    int threads = 0;
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {
        const std::string_view view(text);
        std::from_chars(view.data(), view.data() + view.size(), threads);
    }
    return threads > 0 ? threads : usableCores();
}

}  // namespace headroom::process
