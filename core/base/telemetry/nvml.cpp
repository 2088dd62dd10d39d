// SPDX-License-Identifier: Apache-2.0
#include "base/telemetry/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace headroom::telemetry {
namespace {

// The few declarations of NVML's API (reference manual, "nvmlDeviceQueries") that are needed, in our own words.
using Status = int;
constexpr Status kSuccess = 0;
constexpr Status kInsufficientSize = 7;
using Device = void*;
struct MemoryInfo {
    unsigned long long total, free, used;
};
struct UtilizationInfo {
    unsigned int gpu, memory;  ///< percent
};
struct ProcessInfo {  ///< of the _v3 functions
    unsigned int pid;
    unsigned long long usedMemory;  ///< all bits set where the driver does not say
    unsigned int gpuInstance, computeInstance;
};
constexpr unsigned int kTemperatureOfGpu = 0;
constexpr std::size_t kNameBytes = 96;
constexpr std::size_t kMostProcesses = 1024;

struct Functions {
    Status (*init)() = nullptr;
    Status (*shutdown)() = nullptr;
    const char* (*errorText)(Status) = nullptr;
    Status (*count)(unsigned int*) = nullptr;
    Status (*device)(unsigned int, Device*) = nullptr;
    Status (*name)(Device, char*, unsigned int) = nullptr;
    Status (*memory)(Device, MemoryInfo*) = nullptr;
    Status (*utilization)(Device, UtilizationInfo*) = nullptr;
    Status (*power)(Device, unsigned int*) = nullptr;         ///< milliwatts
    Status (*energy)(Device, unsigned long long*) = nullptr;  ///< millijoules
    Status (*temperature)(Device, unsigned int, unsigned int*) = nullptr;
    Status (*processes)(Device, unsigned int*, ProcessInfo*) = nullptr;
};

}  // namespace

struct Nvml::Library {
    ~Library() {
        if (initialised) f.shutdown();
        if (handle != nullptr) ::dlclose(handle);
    }

    template <class Function>
    void find(Function& function, const char* symbol) {
        function = reinterpret_cast<Function>(::dlsym(handle, symbol));
    }
    void findAll();
    std::string why(Status status) const {
        const char* text = f.errorText != nullptr ? f.errorText(status) : nullptr;
        return fmt::format("The driver says: {}.", text != nullptr ? text : std::to_string(status));
    }
    /// Asks for one figure; a function that this driver lacks is a reason too.
    template <class Value, class Function, class Convert, class... Before>
    auto ask(Function function, Convert convert, Before... before) const -> Figure<decltype(convert(Value{}))> {
        using Answer = Figure<decltype(convert(Value{}))>;
        if (function == nullptr) return Answer::missing("This driver does not tell.");
        Value value{};
        const Status status = function(before..., &value);
        return status == kSuccess ? Answer::of(convert(value)) : Answer::missing(why(status));
    }
    GpuReading read(unsigned int index, const std::vector<pid_t>& ours) const;
    Figure<Bytes> memoryOf(Device device, const std::vector<pid_t>& ours) const;

    void* handle = nullptr;
    bool initialised = false;
    Functions f;
};

void Nvml::Library::findAll() {
    find(f.init, "nvmlInit_v2");
    find(f.shutdown, "nvmlShutdown");
    find(f.errorText, "nvmlErrorString");
    find(f.count, "nvmlDeviceGetCount_v2");
    find(f.device, "nvmlDeviceGetHandleByIndex_v2");
    find(f.name, "nvmlDeviceGetName");
    find(f.memory, "nvmlDeviceGetMemoryInfo");
    find(f.utilization, "nvmlDeviceGetUtilizationRates");
    find(f.power, "nvmlDeviceGetPowerUsage");
    find(f.energy, "nvmlDeviceGetTotalEnergyConsumption");
    find(f.temperature, "nvmlDeviceGetTemperature");
    find(f.processes, "nvmlDeviceGetComputeRunningProcesses_v3");
}

GpuReading Nvml::Library::read(unsigned int index, const std::vector<pid_t>& ours) const {
    GpuReading gpu;
    gpu.index = static_cast<int>(index);
    Device device = nullptr;
    if (const Status status = f.device(index, &device); status != kSuccess) {
        const std::string reason = why(status);
        gpu.memoryTotal = gpu.memoryUsed = gpu.memoryOurs = Figure<Bytes>::missing(reason);
        gpu.utilisation = gpu.power = gpu.temperature = gpu.joules = Figure<double>::missing(reason);
        return gpu;
    }
    std::array<char, kNameBytes> name{};
    if (f.name != nullptr && f.name(device, name.data(), kNameBytes - 1) == kSuccess) gpu.name = name.data();
    const auto bytes = [](unsigned long long value) { return static_cast<Bytes>(value); };
    gpu.memoryTotal = ask<MemoryInfo>(
        f.memory, [&](const MemoryInfo& m) { return bytes(m.total); }, device);
    gpu.memoryUsed = ask<MemoryInfo>(
        f.memory, [&](const MemoryInfo& m) { return bytes(m.used); }, device);
    gpu.memoryOurs = memoryOf(device, ours);
    gpu.utilisation = ask<UtilizationInfo>(
        f.utilization, [](const UtilizationInfo& u) { return u.gpu / 100.0; }, device);
    gpu.power = ask<unsigned int>(
        f.power, [](unsigned int milliwatts) { return milliwatts * 1e-3; }, device);
    gpu.joules = ask<unsigned long long>(
        f.energy, [](unsigned long long millijoules) { return static_cast<double>(millijoules) * 1e-3; }, device);
    gpu.temperature = ask<unsigned int>(
        f.temperature, [](unsigned int degrees) { return static_cast<double>(degrees); }, device, kTemperatureOfGpu);
    return gpu;
}

Figure<Bytes> Nvml::Library::memoryOf(Device device, const std::vector<pid_t>& ours) const {
    if (f.processes == nullptr) return Figure<Bytes>::missing("This driver does not tell.");
    std::vector<ProcessInfo> all(kMostProcesses);
    auto count = static_cast<unsigned int>(all.size());
    const Status status = f.processes(device, &count, all.data());
    if (status != kSuccess)
        return Figure<Bytes>::missing(status == kInsufficientSize ? "Too many processes use the device." : why(status));
    Bytes sum = 0;
    for (const ProcessInfo& process : std::span(all).first(std::min<std::size_t>(count, all.size()))) {
        // Inside a container the driver counts processes by numbers of the machine outside.
        if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH)
            return Figure<Bytes>::missing("The driver numbers processes otherwise than this system (a container).");
        if (std::ranges::find(ours, static_cast<pid_t>(process.pid)) == ours.end()) continue;
        if (process.usedMemory == ~0ULL) return Figure<Bytes>::missing("The driver does not tell memory by process.");
        sum += static_cast<Bytes>(process.usedMemory);
    }
    return Figure<Bytes>::of(sum);
}

Nvml::Nvml(const std::string& library) : m_library(std::make_unique<Library>()) {
    if (library.empty()) {
        m_reason = "GPUs are not looked for.";
        return;
    }
    m_library->handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (m_library->handle == nullptr) {
        m_reason = fmt::format("No NVIDIA driver found ({}).", library);
        return;
    }
    m_library->findAll();
    const Functions& f = m_library->f;
    if (f.init == nullptr || f.shutdown == nullptr || f.count == nullptr || f.device == nullptr) {
        m_reason = fmt::format("The NVIDIA driver's library {} is too old.", library);
        return;
    }
    const Status status = f.init();
    m_library->initialised = status == kSuccess;
    if (!m_library->initialised) m_reason = m_library->why(status);
}

Nvml::~Nvml() = default;
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;

std::vector<GpuReading> Nvml::read(const std::vector<pid_t>& ours) const {
    std::vector<GpuReading> gpus;
    unsigned int count = 0;
    if (!m_library->initialised || m_library->f.count(&count) != kSuccess) return gpus;
    for (unsigned int index = 0; index < count; ++index) gpus.push_back(m_library->read(index, ours));
    return gpus;
}

const std::string& Nvml::reason() const { return m_reason; }

}  // namespace headroom::telemetry
