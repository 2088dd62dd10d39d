// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/store/run_folder.h"

namespace headroom::store {

/// A folder with `project.headroom` (JSON), `catalogue.sqlite` and `runs/`.
class Project {
public:
    /// Throws RUN-06 where the folder or its project file is missing, CFG-03 or CFG-08 where the file is unusable.
    static Project open(std::filesystem::path path);
    /// As open(), but makes the folder and the file where they are missing; an existing project keeps its settings.
    static Project openOrCreate(std::filesystem::path path, const std::string& name = {});

    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path file() const { return m_path / "project.headroom"; }
    std::filesystem::path catalogue() const { return m_path / "catalogue.sqlite"; }
    std::filesystem::path runs() const { return m_path / "runs"; }
    RunFolder run(const RunId& id) const { return RunFolder(runs() / id); }

    const std::string& name() const { return m_name; }
    const std::vector<std::string>& dataSources() const { return m_dataSources; }
    /// JSON text of the configuration's fields that new runs of this project start from; "{}" where none were set.
    const std::string& defaults() const { return m_defaults; }

    void setName(std::string name) { m_name = std::move(name); }
    void setDataSources(std::vector<std::string> sources) { m_dataSources = std::move(sources); }
    void setDefaults(std::string json) { m_defaults = std::move(json); }
    /// Writes the project file (atomically); keys of newer versions stay. Throws DSK-01, DSK-02.
    void save() const;

private:
    explicit Project(std::filesystem::path path) : m_path(std::move(path)) {}
    void load();

    std::filesystem::path m_path;
    std::string m_name;
    std::vector<std::string> m_dataSources;
    std::string m_defaults = "{}";
};

}  // namespace headroom::store
