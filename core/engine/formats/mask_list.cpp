// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "engine/formats/checked.h"
#include "engine/formats/file.h"
#include "engine/formats/folder_walk.h"
#include "engine/formats/mask_folder.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
using Entry = FolderWalk::Entry;

constexpr std::string_view kImages = "images", kMasks = "masks", kClasses = "classes.txt";

/// A subfolder, whatever the case of its name.
fs::path subfolder(const fs::path& folder, std::string_view name) {
    std::error_code error, ignored;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error))
        if (entry->is_directory(ignored) && lowerCase(entry->path().filename().string()) == name) return entry->path();
    return {};
}

bool hasBoth(const fs::path& folder) { return !folder.empty() && !subfolder(folder, kImages).empty() && !subfolder(folder, kMasks).empty(); }

/// Where the pictures of one part and their masks lie.
struct Place {
    fs::path images, masks;
    std::size_t depth;  ///< of the folders below the root
};

FoundPart foundIn(FolderWalk& walk, const Place& place) {
    FoundPart part{{place.images, place.masks}, std::vector<std::vector<FoundPicture>>(2)};
    for (std::size_t k = 0; k < part.folders.size(); ++k) walk.addPictures(part.folders[k], place.depth, part.pictures[k]);
    return part;
}

std::string keyOf(const fs::path& file, const fs::path& folder) { return file.lexically_relative(folder).replace_extension().string(); }

[[noreturn]] void refuseLonely(Code code, const fs::path& folder, const char* problem, const std::vector<std::string>& names, std::size_t of, const char* remedy) {
    refuseEntry(code, folder, problem, fmt::format("{} of {}: {}", groupedUnsigned(names.size()), groupedUnsigned(of), listed(names)), {}, remedy);
}

std::vector<MaskFolder::Pair> paired(const FoundPart& part) {
    const auto& [pictures, masks] = std::tie(part.pictures[0], part.pictures[1]);
    if (pictures.empty()) refuseEntry(Code::Img10, part.folders[0], "there are no pictures", "no .png, .jpg or .jpeg file", {}, "Add pictures, and a mask for each.");
    std::map<std::string, fs::path> byName;
    for (const FoundPicture& mask : masks)
        if (!byName.emplace(keyOf(mask.path, part.folders[1]), mask.path).second)
            refuseEntry(Code::Img13, mask.path, "two masks for one picture", {}, {}, "Remove one of them.");
    std::vector<MaskFolder::Pair> pairs;
    std::set<std::string> taken;
    std::vector<std::string> without;
    for (const FoundPicture& picture : pictures) {
        const std::string key = keyOf(picture.path, part.folders[0]);
        const auto mask = byName.find(key);
        if (!taken.insert(key).second) refuseEntry(Code::Img12, picture.path, "two pictures have one mask", {}, {}, "Give each picture a name and a mask of its own.");
        if (mask == byName.end())
            without.push_back(shownName(picture.path));
        else
            pairs.push_back({picture.path, mask->second});
    }
    if (!without.empty()) refuseLonely(Code::Img12, part.folders[0], "pictures without a mask", without, pictures.size(), "Add masks of the same names, or remove these pictures.");
    std::vector<std::string> surplus;
    for (const auto& [key, mask] : byName)
        if (!taken.contains(key)) surplus.push_back(shownName(mask));
    if (!surplus.empty()) refuseLonely(Code::Img13, part.folders[1], "masks without a picture", surplus, masks.size(), "Add pictures of the same names, or remove these masks.");
    return pairs;
}

/// A name a line; blank lines at the end count for nothing.
std::vector<std::string> namesIn(const fs::path& path) {
    constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 16;
    constexpr std::size_t kMostNames = 255;
    const auto refuse = [&](std::string problem, std::string found) {
        refuseEntry(Code::Dat04, path, std::move(problem), std::move(found), {}, "Write the name of each class on a line, class 0 first.");
    };
    const File file(path);
    if (file.size() > kMostBytes) refuse("the list of classes is too long", bytesText(file.size()));
    std::istringstream text(head(file, kMostBytes));
    std::vector<std::string> names;
    for (std::string line; std::getline(text, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        names.push_back(printable(line));
    }
    while (!names.empty() && names.back().empty()) names.pop_back();
    if (names.empty() || names.size() > kMostNames) refuse("not 1 to 255 classes are named", std::to_string(names.size()));
    const std::set<std::string> distinct(names.begin(), names.end());
    if (distinct.contains("") || distinct.size() < names.size()) refuse("a class has no name of its own", distinct.contains("") ? "an empty line" : "a name twice");
    return names;
}

const Entry* listOfClasses(const Entries& entries) {
    const auto found = std::ranges::find_if(entries, [](const Entry& entry) { return entry.kind == FolderWalk::Kind::File && entry.path.filename() == kClasses; });
    return found == entries.end() ? nullptr : &*found;
}

/// The folder of that name, which has to be there: a whole half is missing otherwise.
fs::path requiredFolder(const fs::path& folder, std::string_view name, Code code) {
    fs::path found = subfolder(folder, name);
    if (found.empty()) refuseEntry(code, folder, fmt::format("there is no folder '{}'", name), {}, {}, fmt::format("Add '{}' with files of the same names.", name));
    return found;
}

/// `train` and a validation part, each with `images` and `masks`.
std::vector<Place> outerParts(FolderWalk& walk, const Entries& entries, MaskFolder& found) {
    const Entry* const train = folderNamed(entries, "train");
    const Entry* const validation = validationOf(entries);
    noteRest(walk, entries, {train, validation, listOfClasses(entries)}, found.notes);
    std::vector<Place> places;
    for (const Entry* part : {train, validation})
        if (part) places.push_back({requiredFolder(part->path, kImages, Code::Img13), requiredFolder(part->path, kMasks, Code::Img12), 2});
    return places;
}

/// `images` and `masks`: with `train` and a validation part in each, or all together.
std::vector<Place> innerParts(FolderWalk& walk, const Entries& entries, MaskFolder& found) {
    const Entry *const images = folderNamed(entries, kImages), *const masks = folderNamed(entries, kMasks);
    noteRest(walk, entries, {images, masks, listOfClasses(entries)}, found.notes);
    const Entries parts = subfolder(images->path, "train").empty() ? Entries() : walk.entries(images->path, 1);
    const Entry *const train = folderNamed(parts, "train"), *const validation = validationOf(parts);
    if (!train || !validation) return {{images->path, masks->path, 1}};
    noteRest(walk, parts, {train, validation}, found.notes);
    std::vector<Place> places;
    for (const Entry* part : {train, validation}) places.push_back({part->path, requiredFolder(masks->path, lowerCase(part->path.filename().string()), Code::Img12), 2});
    return places;
}

}  // namespace

bool isMaskFolder(const fs::path& folder) { return hasBoth(folder) || hasBoth(subfolder(folder, "train")); }

MaskFolder listMasks(const fs::path& folder, const FolderOptions& options) {
    MaskFolder found;
    found.name = shownName(folder);
    FolderWalk walk(folder, options.limits);
    const Entries entries = walk.entries(folder, 0);
    if (const Entry* list = listOfClasses(entries)) found.classes = namesIn(list->path);
    const std::vector<Place> places = hasBoth(folder) ? innerParts(walk, entries, found) : outerParts(walk, entries, found);
    FoundPart train = foundIn(walk, places.front());
    FoundPart test = places.size() > 1 ? foundIn(walk, places.back()) : FoundPart();
    walk.keepOnce({&train, &test});
    found.train = paired(train);
    if (places.size() > 1) found.test = paired(test);
    for (std::string& note : walk.notes()) found.notes.push_back(std::move(note));
    return found;
}

}  // namespace headroom::formats
