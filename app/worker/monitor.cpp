// SPDX-License-Identifier: Apache-2.0
#include "worker/monitor.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <nlohmann/json.hpp>
#include <string>

#include "base/telemetry/energy.h"
#include "base/telemetry/sampler.h"
#include "engine/tensor/memory.h"

namespace headroom::worker {
namespace {

using namespace std::chrono_literals;
namespace names = store::names;

int gpuIndex(const std::string& device) { return device.starts_with("cuda:") ? std::stoi(device.substr(5)) : -1; }

/// One series for each figure that can be read; what cannot is told once, as an event.
class Recorder {
public:
    Recorder(store::RunWriter& writer, int gpu)
        : m_writer(writer), m_gpu(gpu),
          m_energy(writer.summary().joules.value_or(0), gpu >= 0 ? std::vector<int>{gpu} : std::vector<int>{}) {}

    void record(const store::Moment& at) {
        const telemetry::Reading reading = m_sampler.read();
        m_energy.add(reading);
        const telemetry::Figure<double> joules = m_energy.joules();
        append(names::kCpu, "1", at, reading.cpu);
        append(names::kMemoryProcess, "bytes", at, reading.processResident);
        append(names::kMemoryAvailable, "bytes", at, reading.memoryAvailable);
        recordTensors(at);
        append(names::kEnergy, "J", at, joules);
        for (const telemetry::GpuReading& gpu : reading.gpus)
            if (gpu.index == m_gpu) recordGpu(at, gpu);
        tellOnce(joules ? m_energy.leftOut() : joules.reason);
        addOthers(reading);
    }

    /// Mean over the readings.
    double others() const { return m_readings > 0 ? m_others / m_readings : 0; }

private:
    template <class T>
    void append(const char* name, const char* unit, const store::Moment& at, const telemetry::Figure<T>& figure) {
        if (figure) m_writer.append(m_writer.define(name, unit, store::SeriesKind::Time), at, static_cast<double>(*figure.value));
    }
    void recordTensors(const store::Moment& at) {
        const tensor::MemoryPeak peak = tensor::takeRecentPeak();
        append(names::kMemoryTensors, "bytes", at, telemetry::Figure<Bytes>::of(peak.total));
        for (std::size_t kind = 0; kind < plan::kKinds; ++kind)
            append(names::memoryOf(plan::name(static_cast<plan::Kind>(kind))).c_str(), "bytes", at, telemetry::Figure<Bytes>::of(peak.byKind[kind]));
    }
    void recordGpu(const store::Moment& at, const telemetry::GpuReading& gpu) {
        append(names::kGpuUtilisation, "1", at, gpu.utilisation);
        append(names::kGpuMemory, "bytes", at, gpu.memoryUsed);
        append(names::kGpuPower, "W", at, gpu.power);
        append(names::kGpuTemperature, "C", at, gpu.temperature);
    }
    void addOthers(const telemetry::Reading& reading) {
        if (!reading.cpu || !reading.cpuOurs) return;
        m_others += std::max(0.0, *reading.cpu.value - *reading.cpuOurs.value);
        ++m_readings;
    }
    void tellOnce(const std::string& leftOut) {
        if (m_told || leftOut.empty()) return;
        m_told = true;
        m_writer.setFact("energy_left_out", leftOut);
    }

    store::RunWriter& m_writer;
    int m_gpu;
    telemetry::Sampler m_sampler;
    telemetry::EnergyMeter m_energy;
    bool m_told = false;
    double m_others = 0;  ///< sum over m_readings
    int m_readings = 0;
};

}  // namespace

double wallTimeNow() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Monitor::Monitor(store::RunWriter& writer, const std::string& device)
    : m_writer(writer), m_gpu(gpuIndex(device)), m_thread([this](const std::stop_token& stop) { watch(stop); }) {}

Monitor::~Monitor() = default;

void Monitor::stop() {
    m_thread.request_stop();
    if (m_thread.joinable()) m_thread.join();
}

void Monitor::at(const store::Moment& moment) {
    const std::lock_guard lock(m_mutex);
    m_moment = moment;
}

store::Moment Monitor::moment() const {
    const std::lock_guard lock(m_mutex);
    store::Moment now = m_moment;
    now.wallTime = wallTimeNow();
    return now;
}

void Monitor::lookForShortage() {
    const process::MemoryReading reading = process::readMemory();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (!m_pressure.isDue(reading, seconds)) return;
    m_writer.event("memory", process::shortageText(reading), moment());
    m_shortage = true;
}

void Monitor::watch(const std::stop_token& stop) {
    Recorder recorder(m_writer, m_gpu);
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    try {
        while (!stop.stop_requested()) {
            recorder.record(moment());
            lookForShortage();
            wake.wait_for(lock, stop, 1s, [] { return false; });
        }
        recorder.record(moment());
        m_others = recorder.others();
    } catch (const Error& error) {
        m_writer.event("monitor", "No more readings: " + error.failures().front().sentence(), moment());
    }
}

}  // namespace headroom::worker
