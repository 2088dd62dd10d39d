// SPDX-License-Identifier: Apache-2.0
#include "base/store/project.h"

#include <fmt/format.h>

#include <system_error>

#include "base/errors/error.h"
#include "base/store/atomic_file.h"
#include "base/store/documents.h"

namespace headroom::store {
namespace {

constexpr int kVersion = 1;

Error noProject(const std::filesystem::path& path) {
    return Error({.code = Code::Run06,
                  .subject = escaped(path.string()),
                  .problem = "no project is there",
                  .found = "project.headroom is missing",
                  .allowed = {},
                  .remedy = "Choose another folder with --project, or train once to make it."});
}

void requireKnown(const nlohmann::json& document, const std::filesystem::path& file) {
    const auto found = document.find("version");
    const int version = found != document.end() && found->is_number_integer() ? found->get<int>() : kVersion;
    if (version <= kVersion) return;
    throw Error({.code = Code::Cfg08,
                 .subject = escaped(file.filename().string()),
                 .problem = "made by a newer version",
                 .found = fmt::format("format {}", version),
                 .allowed = fmt::format("this version knows {}", kVersion),
                 .remedy = "Use the newer version of Headroom."});
}

}  // namespace

Project Project::open(std::filesystem::path path) {
    Project project(std::filesystem::absolute(path));
    if (!std::filesystem::is_regular_file(project.file())) throw noProject(project.path());
    project.load();
    return project;
}

Project Project::openOrCreate(std::filesystem::path path, const std::string& name) {
    Project project(std::filesystem::absolute(path));
    std::error_code error;
    std::filesystem::create_directories(project.runs(), error);
    if (error && !std::filesystem::is_directory(project.runs()))
        throw Error({.code = Code::Dsk02,
                     .subject = escaped(project.path().string()),
                     .problem = "the project's folder cannot be made",
                     .found = error.message(),
                     .allowed = {},
                     .remedy = "Choose another one with --project or HEADROOM_PROJECT."});
    if (std::filesystem::exists(project.file())) return open(std::move(path));
    project.m_name = name.empty() ? project.path().filename().string() : name;
    project.save();
    return project;
}

void Project::load() {
    const auto document = readDocument(file());
    requireKnown(document, file());
    m_name = textAt(document, "name");
    m_dataSources = textsAt(document, "data_sources");
    if (const auto found = document.find("defaults"); found != document.end() && found->is_object())
        m_defaults = found->dump();
}

void Project::save() const {
    auto document = std::filesystem::exists(file()) ? readDocument(file()) : nlohmann::json::object();
    document["version"] = kVersion;
    document["name"] = m_name;
    document["data_sources"] = m_dataSources;
    const auto defaults = nlohmann::json::parse(m_defaults, nullptr, false);
    document["defaults"] = defaults.is_object() ? defaults : nlohmann::json::object();
    writeAtomically(file(), documentText(document));
}

}  // namespace headroom::store
