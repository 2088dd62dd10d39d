// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/folder_walk.h"
#include "engine/formats/picture_folder.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;

FoundPart partIn(FolderWalk& walk, const Entries& entries, std::size_t depth) {
    FoundPart part;
    for (const FolderWalk::Entry& entry : entries) {
        if (entry.kind == FolderWalk::Kind::File) {
            walk.note(entry.path);
            continue;
        }
        part.folders.push_back(entry.path);
        walk.addPictures(entry.path, depth + 1, part.pictures.emplace_back());
    }
    return part;
}

/// By turns from each class.
std::vector<PictureFolder::Picture> inTurn(const std::vector<std::vector<FoundPicture>>& pictures) {
    std::vector<PictureFolder::Picture> all;
    std::size_t longest = 0;
    for (const auto& each : pictures) longest = std::max(longest, each.size());
    for (std::size_t turn = 0; turn < longest; ++turn)
        for (std::size_t label = 0; label < pictures.size(); ++label)
            if (turn < pictures[label].size()) all.push_back({pictures[label][turn].path, static_cast<std::int32_t>(label)});
    return all;
}

void requireClasses(const fs::path& folder, const FoundPart& part, const FolderOptions& options) {
    if (part.folders.size() < options.leastClasses)
        refuseEntry(Code::Img07, folder, part.folders.empty() ? "there are no class folders" : "there is only one class", part.folders.empty() ? "no folder with pictures" : shownName(part.folders.front()),
               fmt::format("at least {} needed", options.leastClasses), "Choose the folder whose subfolders are the classes.");
    for (std::size_t k = 0; k < part.folders.size(); ++k)
        if (part.pictures[k].empty())
            refuseEntry(Code::Img10, part.folders[k], "the class has no pictures", "no .png, .jpg or .jpeg file", {}, "Add pictures or remove the folder.");
}

/// The validation part with the training part's labels.
void addTest(PictureFolder& found, FoundPart part, const std::vector<fs::path>& known) {
    std::vector<std::vector<FoundPicture>> pictures(known.size());
    for (std::size_t k = 0; k < part.folders.size(); ++k) {
        const auto place = std::ranges::find(known, part.folders[k].filename(), &fs::path::filename);
        if (place == known.end())
            refuseEntry(Code::Dat01, part.folders[k], "a class of the validation part that the training part has not", {}, fmt::format("{} known", countOf(known.size(), "class is", "classes are")),
                   "Add it to the training part or remove it.");
        pictures[static_cast<std::size_t>(place - known.begin())] = std::move(part.pictures[k]);
    }
    std::vector<std::string> without;
    for (std::size_t k = 0; k < known.size(); ++k)
        if (pictures[k].empty()) without.push_back(found.classes[k]);
    found.test = inTurn(pictures);
    if (found.test->empty()) refuseEntry(Code::Img10, known.front().parent_path().parent_path(), "the validation part has no pictures", {}, {}, "Add pictures or remove its folder.");
    if (!without.empty()) found.notes.push_back(fmt::format("The validation part has no pictures of: {}.", listed(without)));
}

bool holdsPictureItself(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error))
        if (isPicture(entry->path()) && !isHidden(entry->path())) return true;
    return false;
}

/// Subfolders for which `counts` says so, as far as there are `enough`.
template <typename Counts>
bool hasSubfolders(const fs::path& folder, std::size_t enough, Counts counts) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
        std::error_code unreadable;
        if (entry->is_directory(unreadable) && !isHidden(entry->path()) && counts(entry->path()) && --enough == 0) return true;
    }
    return false;
}

}  // namespace

bool isPictureFolder(const fs::path& folder) {
    if (hasSubfolders(folder, 2, holdsPictureItself)) return true;
    const auto isPart = [](const fs::path& path) { return lowerCase(path.filename().string()) == "train" && hasSubfolders(path, 1, holdsPictureItself); };
    return hasSubfolders(folder, 1, isPart);
}

bool holdsPictures(const fs::path& folder) {
    const auto holds = [](const fs::path& path) { return holdsPictureItself(path) || hasSubfolders(path, 1, holdsPictureItself); };
    return holds(folder) || hasSubfolders(folder, 1, holds);
}

PictureFolder listPictures(const fs::path& folder, const FolderOptions& options) {
    PictureFolder found;
    found.name = shownName(folder);
    FolderWalk walk(folder, options.limits);
    const Entries entries = walk.entries(folder, 0);
    const FolderWalk::Entry* const train = folderNamed(entries, "train");
    const FolderWalk::Entry* const validation = train ? validationOf(entries) : nullptr;
    const auto isOther = [train](const fs::path& path) { return path.filename() != train->path.filename() && holdsPictureItself(path); };
    const auto any = [](const fs::path&) { return true; };
    // Beside other classes and without a validation part it is the class of trains.
    const bool parts = train && (validation || (hasSubfolders(train->path, 1, any) && !hasSubfolders(folder, 1, isOther)));
    FoundPart part = parts ? partIn(walk, walk.entries(train->path, 1), 1) : partIn(walk, entries, 0);
    FoundPart held = parts && validation ? partIn(walk, walk.entries(validation->path, 1), 1) : FoundPart{};
    walk.keepOnce({&part, &held});
    requireClasses(parts ? train->path : folder, part, options);
    for (const fs::path& each : part.folders) found.classes.push_back(shownName(each));
    found.train = inTurn(part.pictures);
    if (parts) noteRest(walk, entries, {train, validation}, found.notes);
    if (parts && validation) addTest(found, std::move(held), part.folders);
    for (std::string& note : walk.notes()) found.notes.push_back(std::move(note));
    return found;
}

}  // namespace headroom::formats
