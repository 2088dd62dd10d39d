// SPDX-License-Identifier: Apache-2.0
#include <ATen/Context.h>

#include <cstdio>
#include <exception>

#include "engine/run/device.h"
#include "engine/tensor/memory.h"
#include "gpu/checks.h"

int main() {
    headroom::run::useDeterministicAlgorithms();
    headroom::tensor::installAllocator();
    const auto checks = headroom::gpu::checks();
    std::string reason;
    if (headroom::run::cudaDevices(&reason) == 0) {
        std::printf("no CUDA device: %s\n0 passed, 0 failed, %zu skipped\n", reason.c_str(), checks.size());
        return 0;
    }
    at::globalContext().setAllowTF32CuDNN(false);  // fp32 is compared as fp32
    int passed = 0, failed = 0;
    for (const auto& check : checks) {
        std::string wrong;
        try {
            wrong = check.run();
        } catch (const std::exception& error) {
            wrong = error.what();
        }
        wrong.empty() ? ++passed : ++failed;
        if (!wrong.empty()) std::printf("FAILED %s: %s\n", check.name.c_str(), wrong.c_str());
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
