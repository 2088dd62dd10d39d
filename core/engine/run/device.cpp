// SPDX-License-Identifier: Apache-2.0
#include "engine/run/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/errors/error.h"

namespace headroom::run {
namespace {

template <class Function>
Function* symbol(void* library, const char* name) {
    return library ? reinterpret_cast<Function*>(dlsym(library, name)) : nullptr;
}

/// Empty where the driver can be used and shows a device. Asked first: the module takes half a second to open.
std::string driverFault() {
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!driver) return "no NVIDIA driver found (libcuda.so.1)";
    const auto start = symbol<int(unsigned)>(driver, "cuInit");
    const auto count = symbol<int(int*)>(driver, "cuDeviceGetCount");
    int devices = 0;
    if (!start || !count || start(0) != 0 || count(&devices) != 0) return "the NVIDIA driver cannot be used";
    return devices > 0 ? "" : "the NVIDIA driver shows no device";
}

/// Open for the life of the process: LibTorch cannot be unloaded again.
struct Module {
    std::string fault = driverFault();
    int devices = 0;
    cuda::MemoryOf* memory = nullptr;
    cuda::ResetPeak* resetPeak = nullptr;
    cuda::LimitMemory* limit = nullptr;
    cuda::EmptyCache* emptyCache = nullptr;
    cuda::Synchronise* synchronise = nullptr;
    cuda::Dropout* dropout = nullptr;
    cuda::Update* update = nullptr;

    Module() {
        if (!fault.empty()) return;
        const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "headroom_cuda.so";
        void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
        if (!library) {
            fault = fmt::format("the CUDA module cannot be opened: {}", dlerror());
            return;
        }
        memory = symbol<cuda::MemoryOf>(library, "headroomCudaMemory");
        resetPeak = symbol<cuda::ResetPeak>(library, "headroomCudaResetPeak");
        limit = symbol<cuda::LimitMemory>(library, "headroomCudaLimitMemory");
        emptyCache = symbol<cuda::EmptyCache>(library, "headroomCudaEmptyCache");
        synchronise = symbol<cuda::Synchronise>(library, "headroomCudaSynchronise");
        dropout = symbol<cuda::Dropout>(library, "headroomCudaDropout");
        update = symbol<cuda::Update>(library, "headroomCudaUpdate");
        const auto count = symbol<cuda::DeviceCount>(library, "headroomCudaDeviceCount");
        if (!memory || !resetPeak || !limit || !emptyCache || !synchronise || !dropout || !update || !count)
            fault = "the CUDA module is of another version";
        else if ((devices = count()) == 0)
            fault = "the NVIDIA driver is too old";
    }
};

const Module& module() {
    static const Module opened;
    return opened;
}

/// For calls that need the module to be there.
const Module& needed() {
    if (!module().fault.empty()) throw Error({Code::Dev02, "CUDA", module().fault, {}, {}, "Choose device cpu."});
    return module();
}

}  // namespace

int cudaDevices(std::string* reason) {
    if (reason) *reason = module().fault;
    return module().fault.empty() ? module().devices : 0;
}

void useDeterministicAlgorithms() {
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // read by cuBLAS when it starts
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    // LibTorch warns of some operators whatever their arguments; none of ours draws on atomics where they overlap.
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
}

cuda::MemoryFigures deviceMemory(at::Device device) {
    cuda::MemoryFigures figures;
    needed().memory(device.index(), figures);
    return figures;
}

void resetDevicePeak(at::Device device) { needed().resetPeak(device.index()); }
void limitDeviceMemory(at::Device device, double share) { needed().limit(device.index(), share); }
void emptyDeviceCache() { needed().emptyCache(); }

void synchronise(at::Device device) {
    if (device.is_cuda()) needed().synchronise(device.index());
}

void deviceUpdate(const at::Tensor& parameter, const cuda::BlockUpdate& what) {
    const int fault = needed().update(parameter, what);
    if (fault != 0) throw Error({Code::Int01, "optimizer", "the CUDA kernel failed", fmt::format("error {}", fault), {}, {}});
}

void deviceDropout(const at::Tensor& x, const at::Tensor& y, const at::Tensor& samples, std::uint64_t key,
                   std::uint32_t threshold, float factor) {
    const int fault = needed().dropout(x, y, samples.to(x.device()), key, threshold, factor);
    if (fault != 0) throw Error({Code::Int01, "Dropout", "the CUDA kernel failed", fmt::format("error {}", fault), {}, {}});
}

}  // namespace headroom::run
