// SPDX-License-Identifier: Apache-2.0
#include "base/store/create_run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <system_error>

#include "base/store/atomic_file.h"
#include "base/store/catalogue.h"
#include "base/store/notes.h"
#include "base/store/run_database.h"

namespace headroom::store {
namespace {

RunId newId(double created) {
    std::random_device random;
    return fmt::format("{:%Y%m%d-%H%M}-{:04x}", fmt::gmtime(static_cast<std::time_t>(created)), random() & 0xFFFF);
}

Error cannotMake(const std::filesystem::path& path, const std::error_code& error) {
    const bool full = error == std::errc::no_space_on_device;
    return Error({.code = full ? Code::Dsk01 : Code::Dsk02,
                  .subject = escaped(path.string()),
                  .problem = full ? "the disk is full" : "the run's folder cannot be made",
                  .found = error.message(),
                  .allowed = {},
                  .remedy = "Check the project's folder."});
}

std::string nameOf(const std::string& configJson, const CreateOptions& options) {
    if (!options.name.empty()) return options.name;
    const auto config = nlohmann::json::parse(configJson, nullptr, false);
    const auto found = config.is_object() ? config.find("name") : config.end();
    return config.is_object() && found != config.end() && found->is_string() ? found->get<std::string>()
                                                                             : std::string{};
}

/// A folder under a name that no list shows, until it is whole.
class Unfinished {
public:
    explicit Unfinished(const std::filesystem::path& runs, const RunId& id) : m_folder(runs / (".new-" + id)) {
        std::error_code error;
        std::filesystem::create_directories(m_folder.path(), error);
        if (error) throw cannotMake(m_folder.path(), error);
    }
    ~Unfinished() {
        std::error_code ignored;
        std::filesystem::remove_all(m_folder.path(), ignored);
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

    const RunFolder& folder() const { return m_folder; }
    /// False where another run has the name.
    bool become(const std::filesystem::path& path) const {
        if (std::filesystem::exists(path)) return false;
        std::error_code error;
        std::filesystem::rename(m_folder.path(), path, error);
        if (error && error != std::errc::directory_not_empty) throw cannotMake(path, error);
        return !error;
    }

private:
    RunFolder m_folder;
};

bool tryCreate(const Project& project, const std::string& configJson, const CreateOptions& options,
               const Birth& birth) {
    const Unfinished unfinished(project.runs(), birth.id);
    const RunFolder& folder = unfinished.folder();
    std::filesystem::create_directory(folder.checkpoints());
    std::filesystem::create_directory(folder.exports());
    writeAtomically(folder.config(), configJson);
    if (const auto name = nameOf(configJson, options); !name.empty()) {
        Notes notes;
        notes.name = name;
        writeNotes(folder, notes);
    }
    createRunDatabase(folder.database(), birth, {});
    if (!unfinished.become(project.run(birth.id).path())) return false;
    syncFolder(project.runs());
    return true;
}

}  // namespace

RunId createRun(const Project& project, const std::string& configJson, const CreateOptions& options) {
    Birth birth{{}, now(), options.parent, options.parent.empty() ? std::string{} : options.relation};
    do birth.id = newId(birth.created);
    while (!tryCreate(project, configJson, options, birth));
    Catalogue(project).refresh(birth.id);
    return birth.id;
}

}  // namespace headroom::store
