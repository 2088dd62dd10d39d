// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <fstream>

#include "base/config/machine.h"
#include "base/telemetry/sampler.h"
#include "base/units/units.h"
#include "cli/commands.h"
#include "cli/locate.h"
#include "cli/print.h"
#include "cli/program.h"
#include "cli/readable_json.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

template <class T>
Json figure(const telemetry::Figure<T>& value) {
    return value ? Json(*value.value) : Json("not readable: " + value.reason);
}

/// Value of `key` in a file of lines "key : value" or key="value".
std::string lineOf(const char* file, std::string_view key) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        if (!line.starts_with(key)) continue;
        std::string value = line.substr(line.find_first_of(":=") + 1);
        value.erase(0, value.find_first_not_of(" \t\""));
        value.erase(value.find_last_not_of(" \t\"") + 1);
        return value;
    }
    return {};
}

Json machineJson(const telemetry::Reading& reading) {
    utsname system{};
    uname(&system);
    return {{"system", lineOf("/etc/os-release", "PRETTY_NAME")}, {"kernel", system.release}, {"architecture", system.machine},
            {"processor", lineOf("/proc/cpuinfo", "model name")}, {"cores", config::thisMachine().cores},
            {"memory_total", figure(reading.memoryTotal)}, {"memory_available", figure(reading.memoryAvailable)}};
}

Json devicesJson(const telemetry::Reading& reading) {
    Json devices = Json::array({{{"name", "cpu"}, {"usable", true}}});
    const config::Machine machine = config::thisMachine();
    for (const telemetry::GpuReading& gpu : reading.gpus)
        devices.push_back({{"name", fmt::format("cuda:{}", gpu.index)}, {"title", gpu.name}, {"usable", gpu.index < machine.cudaDevices},
                           {"memory_total", figure(gpu.memoryTotal)}, {"memory_used", figure(gpu.memoryUsed)}});
    if (machine.cudaDevices == 0) devices.push_back({{"name", "cuda"}, {"usable", false}, {"reason", machine.whyNoCuda}});
    return devices;
}

Json programsJson() {
    Json programs = Json::object();
    for (const char* name : {"headroom-worker", "headroom-prover", "headroom-studio", "headroom_cuda.so"})
        programs[name] = std::filesystem::exists(programFolder() / name) ? "here" : "missing";
    programs["sample"] = std::filesystem::exists(sampleConfig()) ? sampleConfig().string() : "missing";
    return programs;
}

/// Whether the program starts, so that all of its libraries are there, and what it says of itself.
std::string startOf(const std::string& name) {
    if (!std::filesystem::exists(programFolder() / name)) return "missing";
    const ProgramResult result = runProgram(name, {"--version"}, ErrorOutput::Dropped);
    if (result.signal == 0 && result.status == 0) return "starts: " + result.output.substr(0, result.output.find('\n'));
    return fmt::format("does not start, status {}: see what \"{} --version\" says", result.status, (programFolder() / name).string());
}

Json librariesJson() {
    return {{"headroom-worker", startOf("headroom-worker")},
            {"headroom-prover", startOf("headroom-prover")},
            {"json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
            {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)}};
}

Json folderJson(const std::filesystem::path& path) {
    std::error_code error;
    const auto space = std::filesystem::space(path, error);
    return {{"path", path.string()}, {"writable", access(path.c_str(), W_OK) == 0}, {"free", error ? Json(nullptr) : Json(space.available)}};
}

Json environmentJson() {
    constexpr std::array kNames{"HEADROOM_HOME", "HEADROOM_PROJECT", "XDG_DATA_HOME", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
                                "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "CUBLAS_WORKSPACE_CONFIG", "WORLD_SIZE", "RANK",
                                "LOCAL_RANK", "NO_COLOR"};
    Json set = Json::object();
    for (const char* name : kNames)
        if (const char* value = std::getenv(name)) set[name] = value;
    return set;
}

Json sensorsJson(const telemetry::Reading& reading) {
    return {{"nvml", reading.gpuReason.empty() ? Json("readable") : Json("not readable: " + reading.gpuReason)},
            {"cpu_energy", reading.cpuJoules ? Json("readable") : Json("not readable: " + reading.cpuJoules.reason)}};
}

Json problemsJson(const store::Home& home) {
    Json problems = Json::array();
    if (!std::filesystem::exists(programFolder() / "headroom-worker"))
        problems.push_back("headroom-worker is missing beside this program: nothing can be trained. Run packaging/start.");
    if (access(home.path().c_str(), W_OK) != 0) problems.push_back(home.path().string() + " cannot be written: runs cannot be kept.");
    return problems;
}

int doctor(const Session& session) {
    const store::Home home = session.home();
    const telemetry::Reading reading = telemetry::Sampler().read();
    Json document = {{"version", HEADROOM_VERSION},
                     {"machine", machineJson(reading)},
                     {"devices", devicesJson(reading)},
                     {"programs", programsJson()},
                     {"libraries", librariesJson()},
                     {"environment", environmentJson()},
                     {"folders", {{"home", folderJson(home.path())}, {"project", folderJson(session.project().path())}}},
                     {"sensors", sensorsJson(reading)},
                     {"problems", problemsJson(home)}};
    if (session.json)
        print(document);
    else
        printText(readableJson(document));
    return document["problems"].empty() ? 0 : static_cast<int>(Exit::Failure);
}

}  // namespace

void addDoctor(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("doctor", "Look at the machine, the devices, the libraries and the folders");
    command->callback([&session] { session.run = [&session] { return doctor(session); }; });
}

}  // namespace headroom::cli
