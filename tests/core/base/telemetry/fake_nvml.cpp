// SPDX-License-Identifier: Apache-2.0
// Device 0 tells everything, with memory used by pid FAKE_NVML_PID; device 1 has no power sensor and no energy counter.
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

constexpr int kOk = 0, kNotSupported = 3;
int g_devices[2] = {0, 1};

bool second(void* device) { return device == &g_devices[1]; }
unsigned int ourPid() {
    const char* pid = std::getenv("FAKE_NVML_PID");
    return pid == nullptr ? 0 : static_cast<unsigned int>(std::atoi(pid));
}

}  // namespace

extern "C" {
struct FakeMemory {
    unsigned long long total, free, used;
};
struct FakeUtilization {
    unsigned int gpu, memory;
};
struct FakeProcess {
    unsigned int pid;
    unsigned long long usedMemory;
    unsigned int gpuInstance, computeInstance;
};

int nvmlInit_v2() { return std::getenv("FAKE_NVML_BROKEN") != nullptr ? 18 : kOk; }
int nvmlShutdown() { return kOk; }
const char* nvmlErrorString(int status) { return status == 18 ? "Driver/library version mismatch" : "Not Supported"; }
int nvmlDeviceGetCount_v2(unsigned int* count) { return *count = 2, kOk; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) { return *device = &g_devices[index], kOk; }
int nvmlDeviceGetName(void*, char* name, unsigned int length) { return std::strncpy(name, "Fake H1", length), kOk; }
int nvmlDeviceGetMemoryInfo(void*, FakeMemory* memory) { return *memory = {16ULL << 30, 12ULL << 30, 4ULL << 30}, kOk; }
int nvmlDeviceGetUtilizationRates(void*, FakeUtilization* rates) { return *rates = {75, 10}, kOk; }
int nvmlDeviceGetPowerUsage(void* device, unsigned int* milliwatts) {
    return second(device) ? kNotSupported : (*milliwatts = 250'000, kOk);
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
    return second(device) ? kNotSupported : (*millijoules = 5'000'000, kOk);
}
int nvmlDeviceGetTemperature(void*, unsigned int, unsigned int* degrees) { return *degrees = 61, kOk; }
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned int* count, FakeProcess* processes) {
    processes[0] = {ourPid(), 3ULL << 30, 0, 0};
    processes[1] = {1, 1ULL << 30, 0, 0};
    return *count = 2, kOk;
}
}
