// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

namespace headroom::process {

/// A private temporary folder, removed with what is in it. Throws DSK-02 where none can be made.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

}  // namespace headroom::process
