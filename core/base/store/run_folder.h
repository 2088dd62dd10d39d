// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace headroom::store {

/// Sortable: date, time (UTC) and four random digits, "20261121-0412-7f3a". Also the name of the run's folder.
using RunId = std::string;

/// The names inside one run's folder. Plain paths: nothing here touches the disk.
class RunFolder {
public:
    explicit RunFolder(std::filesystem::path path) : m_path(std::move(path)) {}

    const std::filesystem::path& path() const { return m_path; }
    RunId id() const { return m_path.filename().string(); }
    std::filesystem::path config() const { return m_path / "config.json"; }
    /// The graph of the file that the run's model came from.
    std::filesystem::path graph() const { return m_path / "graph.json"; }
    std::filesystem::path database() const { return m_path / "run.sqlite"; }
    std::filesystem::path notes() const { return m_path / "notes.json"; }
    std::filesystem::path proofs() const { return m_path / "proofs.json"; }
    std::filesystem::path checkpoints() const { return m_path / "checkpoints"; }
    std::filesystem::path exports() const { return m_path / "exports"; }
    std::filesystem::path log() const { return m_path / "log.txt"; }
    std::filesystem::path lock() const { return m_path / "lock"; }
    std::filesystem::path resumeTerms() const { return m_path / "resume.json"; }
    std::filesystem::path workerRecord() const { return m_path / "worker.json"; }
    /// The project's folder: runs/<id> lies in it.
    std::filesystem::path project() const { return m_path.parent_path().parent_path(); }

private:
    std::filesystem::path m_path;
};

}  // namespace headroom::store
