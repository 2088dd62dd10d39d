// SPDX-License-Identifier: Apache-2.0
#include "engine/train/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors/error.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kKept = 2;

bool isStep(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with("step-") && path.extension() == ".safetensors";
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder) : m_folder(std::move(folder)) {
    std::error_code error;
    fs::create_directories(m_folder, error);
    if (error)
        throw Error(Failure{Code::Ckp06, "checkpoints", "the folder cannot be made", error.message(), {},
                            "Make room or choose another place, then resume."});
    removeLeftovers(m_folder);
}

std::vector<fs::path> Checkpoints::files() const {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(m_folder, ignored))
        if (isStep(entry.path())) found.push_back(entry.path());
    std::ranges::sort(found, std::greater{});
    return found;
}

fs::path Checkpoints::save(std::int64_t step, const CheckpointContent& content) const {
    const fs::path path = m_folder / fmt::format("step-{:012}.safetensors", step);
    writeCheckpoint(path, content);
    // Files of later steps are left from before a fallback: the run goes another way now.
    std::vector<fs::path> all = files();
    std::erase_if(all, [&](const fs::path& file) {
        std::error_code ignored;
        return file > path && fs::remove(file, ignored);
    });
    for (std::size_t i = kKept; i < all.size(); ++i) {
        std::error_code ignored;
        fs::remove(all[i], ignored);
    }
    return path;
}

void Checkpoints::saveBest(const CheckpointContent& content) const { writeCheckpoint(best(), content); }

std::optional<Checkpoints::Found> Checkpoints::newest() const {
    const std::vector<fs::path> all = files();
    std::vector<std::string> notices;
    for (const fs::path& file : all) {
        try {
            return Found{CheckpointFile(file), file, std::move(notices)};
        } catch (const Error& error) {
            notices.emplace_back(error.what());
        }
    }
    if (all.empty()) return std::nullopt;
    throw Error(Failure{Code::Ckp08, "checkpoints", "there is no usable checkpoint", notices.front(), {},
                        "Start the run again from its configuration."});
}

}  // namespace headroom::train
