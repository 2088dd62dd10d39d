// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace headroom::store {

/// The folder that holds everything of ours: the default project, the queue of all projects, the devices' locks.
/// Two homes never meet.
class Home {
public:
    /// Creates the folder where it is missing. Throws DSK-02 where it cannot be made.
    explicit Home(std::filesystem::path path);

    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path defaultProject() const { return m_path / "default"; }
    std::filesystem::path queue() const { return m_path / "queue.sqlite"; }
    /// How the runs of this home compared with their plans (plan::Calibration).
    std::filesystem::path calibration() const { return m_path / "calibration.json"; }
    /// "cuda:0" becomes devices/cuda-0.lock.
    std::filesystem::path deviceLock(const std::string& device) const;
    std::filesystem::path workerLog(const std::string& device) const;

private:
    std::filesystem::path m_path;
};

/// `given` (--data-dir), else HEADROOM_HOME, else $XDG_DATA_HOME/headroom, else ~/.local/share/headroom; absolute.
std::filesystem::path homePath(const std::filesystem::path& given = {});
/// `given` (--project), else HEADROOM_PROJECT, else the home's default project; absolute.
std::filesystem::path projectPath(const Home& home, const std::filesystem::path& given = {});

}  // namespace headroom::store
