// SPDX-License-Identifier: Apache-2.0
#include "worker/cuda_module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/errors/error.h"

namespace headroom::worker {
namespace {

int opened() {
    if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
        dlclose(driver);
    } else {
        throw Error(Failure{Code::Dev01, "CUDA", "no NVIDIA driver found (libcuda.so.1)", {}, {}, "Choose device cpu."});
    }
    const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "headroom_cuda.so";
    void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    const auto count = module ? reinterpret_cast<int (*)()>(dlsym(module, "headroomCudaDeviceCount")) : nullptr;
    if (!count) {
        fmt::print(stderr, "DEV-02 details: {}\n", dlerror());
        throw Error(Failure{Code::Dev02, "headroom_cuda.so", "the CUDA module cannot be opened", {}, {},
                            "Build with CUDA, or choose device cpu."});
    }
    return count();
}

}  // namespace

int openCuda() {
    static const int devices = opened();
    if (devices == 0)
        throw Error(Failure{Code::Dev01, "CUDA", "the driver shows no device", {}, {}, "Choose device cpu."});
    return devices;
}

}  // namespace headroom::worker
