// SPDX-License-Identifier: Apache-2.0
#include "base/store/home.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "base/errors/error.h"

namespace headroom::store {
namespace {

std::filesystem::path fromEnvironment(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

std::string fileName(std::string device) {
    std::replace_if(
        device.begin(), device.end(), [](char c) { return c == ':' || c == '/'; }, '-');
    return device;
}

}  // namespace

Home::Home(std::filesystem::path path) : m_path(std::move(path)) {
    std::error_code error;
    std::filesystem::create_directories(m_path / "devices", error);
    if (error)
        throw Error({.code = Code::Dsk02,
                     .subject = escaped(m_path.string()),
                     .problem = "the data folder cannot be made",
                     .found = error.message(),
                     .remedy = "Choose another one with --data-dir or HEADROOM_HOME."});
}

std::filesystem::path Home::deviceLock(const std::string& device) const {
    return m_path / "devices" / (fileName(device) + ".lock");
}

std::filesystem::path Home::workerLog(const std::string& device) const {
    return m_path / "workers" / (fileName(device) + ".log");
}

std::filesystem::path homePath(const std::filesystem::path& given) {
    if (!given.empty()) return std::filesystem::absolute(given);
    if (const auto home = fromEnvironment("HEADROOM_HOME"); !home.empty()) return std::filesystem::absolute(home);
    if (const auto data = fromEnvironment("XDG_DATA_HOME"); data.is_absolute()) return data / "headroom";
    return std::filesystem::absolute(fromEnvironment("HOME") / ".local/share/headroom");
}

std::filesystem::path projectPath(const Home& home, const std::filesystem::path& given) {
    if (!given.empty()) return std::filesystem::absolute(given);
    if (const auto project = fromEnvironment("HEADROOM_PROJECT"); !project.empty())
        return std::filesystem::absolute(project);
    return home.defaultProject();
}

}  // namespace headroom::store
