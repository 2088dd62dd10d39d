// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/checked.h"
#include "engine/formats/picture_folder.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
constexpr std::array<std::string_view, 4> kValidation{"val", "valid", "validation", "test"};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// With bytes that are no UTF-8 escaped too: names of classes go into JSON.
std::string printable(std::string_view name) {
    std::string valid;
    while (!name.empty()) {
        const std::size_t length = utf8Length(name);
        valid += length > 0 ? std::string(name.substr(0, length)) : fmt::format("\\x{:02X}", static_cast<unsigned char>(name.front()));
        name.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return escaped(valid);
}

std::string nameOf(const fs::path& path) { return printable((path.has_filename() ? path : path.parent_path()).filename().string()); }

bool isPicture(const fs::path& path) {
    const std::string extension = lower(path.extension().string());
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// Of the system and of tools, not of the person.
bool isHidden(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with('.') || name == "__MACOSX";
}

[[noreturn]] void refuse(Code code, const fs::path& path, std::string problem, std::string found, std::string allowed, std::string remedy) {
    throw Error({code, nameOf(path), std::move(problem), std::move(found), std::move(allowed), std::move(remedy)});
}

std::string wordOf(fs::file_type type) {
    switch (type) {
        case fs::file_type::fifo: return "a pipe";
        case fs::file_type::socket: return "a socket";
        case fs::file_type::block:
        case fs::file_type::character: return "a device";
        default: return "something that cannot be read";
    }
}

/// "x.gif, y.txt and 3 more"
std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t k = 0; k < std::min(names.size(), kShown); ++k) text += (k == 0 ? "" : ", ") + names[k];
    return names.size() > kShown ? text + fmt::format(" and {} more", groupedUnsigned(names.size() - kShown)) : text;
}

struct Found {
    fs::path path;
    bool byLink = false;  ///< the file is a link, or lies behind one
};

/// What was found in one part, by class.
struct Part {
    std::vector<fs::path> folders;
    std::vector<std::vector<Found>> pictures;
};

/// Entries of a dataset's folder, links followed as far as they stay inside of it.
class Walk {
public:
    Walk(const fs::path& root, const FolderLimits& limits) : m_root(resolved(root)), m_limits(limits) {}

    enum class Kind { File, Folder };
    struct Entry {
        fs::path path;
        Kind kind;
    };

    /// Visible entries in the order of their names. `folder` is `depth` levels below the root.
    std::vector<Entry> entries(const fs::path& folder, std::size_t depth) {
        std::vector<fs::path> paths;
        std::error_code error;
        for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
            if (++m_entries > m_limits.maxEntries)
                refuse(Code::Img09, m_root, "too many files", "more than " + groupedUnsigned(m_limits.maxEntries), {}, "Divide the folder.");
            paths.push_back(entry->path());
        }
        if (error) refuse(Code::Dat04, folder, "the folder cannot be read", error.message(), {}, "Correct its permissions.");
        std::ranges::sort(paths);
        std::vector<Entry> visible;
        for (fs::path& path : paths) {
            if (isHidden(path)) {
                m_hidden.push_back(nameOf(path));
                continue;
            }
            const Kind kind = kindOf(path, depth);
            visible.push_back({std::move(path), kind});
        }
        return visible;
    }

    /// All pictures in and below a folder. Others are noted.
    void addPictures(const fs::path& folder, std::size_t depth, std::vector<Found>& pictures) {
        const bool byLink = std::exchange(m_byLink, m_byLink || isLink(folder));
        m_within.push_back(resolved(folder));
        for (const Entry& entry : entries(folder, depth)) {
            if (entry.kind == Kind::Folder)
                addPictures(entry.path, depth + 1, pictures);
            else if (!isPicture(entry.path))
                note(entry.path);
            else
                pictures.push_back({entry.path, m_byLink || isLink(entry.path)});
        }
        m_within.pop_back();
        m_byLink = byLink;
    }

    /// Takes out what is there twice. Links and second names of one picture would put it under two labels, or into training and
    /// validation; where it really lies decides.
    void keepOnce(std::initializer_list<Part*> parts) {
        for (const bool byLink : {false, true})
            for (Part* part : parts)
                for (std::vector<Found>& pictures : part->pictures)
                    std::erase_if(pictures, [&](const Found& each) {
                        if (each.byLink != byLink || isNew(each.path)) return false;
                        m_repeated.push_back(nameOf(each.path));
                        return true;
                    });
    }

    void note(const fs::path& other) { m_others.push_back(nameOf(other)); }
    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        if (!m_others.empty())
            notes.push_back(fmt::format("{} that {} read: {}.", countOf(m_others.size(), "file is no picture", "files are no pictures"), m_others.size() == 1 ? "is" : "are", listed(m_others)));
        if (!m_repeated.empty())
            notes.push_back(fmt::format("{} in the folder already and counts once: {}.", countOf(m_repeated.size(), "link is to a picture that is", "links are to pictures that are"), listed(m_repeated)));
        if (!m_hidden.empty()) notes.push_back(fmt::format("{} left out: {}.", countOf(m_hidden.size(), "hidden entry is", "hidden entries are"), listed(m_hidden)));
        return notes;
    }

private:
    static bool isLink(const fs::path& path) {
        std::error_code error;
        return fs::is_symlink(fs::symlink_status(path, error));
    }

    bool isNew(const fs::path& picture) {
        struct stat status {};
        return ::stat(picture.c_str(), &status) != 0 || m_seen.emplace(status.st_dev, status.st_ino).second;
    }

    static fs::path resolved(const fs::path& folder) {
        std::error_code error;
        fs::path path = fs::canonical(folder, error);
        if (error) refuse(Code::Dat04, folder, "the folder cannot be read", error.message(), {}, "Correct the path or its permissions.");
        return path;
    }

    Kind kindOf(const fs::path& path, std::size_t depth) const {
        std::error_code error;
        const bool isLinked = isLink(path);
        const fs::path target = isLinked ? inside(path) : path;
        const fs::file_status status = fs::symlink_status(target, error);
        if (fs::is_regular_file(status)) return Kind::File;
        if (status.type() == fs::file_type::not_found) refuse(Code::Img08, path, "the file is gone", {}, {}, "Try again when nothing changes the folder.");
        if (!fs::is_directory(status))
            refuse(Code::Img06, path, "not a regular file", wordOf(status.type()), "files and folders allowed", "Remove it from the folder.");
        if (depth >= m_limits.maxDepth) refuse(Code::Img09, path, "folders too deep", {}, fmt::format("at most {} allowed", m_limits.maxDepth), "Put the pictures into their class's folder.");
        if (isLinked && std::ranges::find(m_within, target) != m_within.end()) refuseCircle(path);
        return Kind::Folder;
    }

    /// Where a link leads.
    fs::path inside(const fs::path& link) const {
        std::error_code error;
        const fs::path target = fs::canonical(link, error);
        if (error == std::errc::too_many_symbolic_link_levels) refuseCircle(link);
        if (error) refuse(Code::Img05, link, "the link leads nowhere", error.message(), {}, "Remove the link.");
        const auto [rootEnd, ignored] = std::mismatch(m_root.begin(), m_root.end(), target.begin(), target.end());
        if (rootEnd != m_root.end()) refuse(Code::Img04, link, "a link leaves the dataset folder", {}, {}, "Copy the file into the folder.");
        return target;
    }

    [[noreturn]] static void refuseCircle(const fs::path& link) { refuse(Code::Img05, link, "links lead in a circle", {}, {}, "Remove the link."); }

    const fs::path m_root;
    const FolderLimits& m_limits;
    std::size_t m_entries = 0;
    std::vector<fs::path> m_within;  ///< folders that are being visited, links resolved
    bool m_byLink = false;       ///< one of them is a link
    std::set<std::pair<dev_t, ino_t>> m_seen;  ///< pictures
    std::vector<std::string> m_others, m_hidden, m_repeated;
};

using Entries = std::vector<Walk::Entry>;

Part partIn(Walk& walk, const Entries& entries, std::size_t depth) {
    Part part;
    for (const Walk::Entry& entry : entries) {
        if (entry.kind == Walk::Kind::File) {
            walk.note(entry.path);
            continue;
        }
        part.folders.push_back(entry.path);
        walk.addPictures(entry.path, depth + 1, part.pictures.emplace_back());
    }
    return part;
}

/// By turns from each class.
std::vector<PictureFolder::Picture> inTurn(const std::vector<std::vector<Found>>& pictures) {
    std::vector<PictureFolder::Picture> all;
    std::size_t longest = 0;
    for (const auto& each : pictures) longest = std::max(longest, each.size());
    for (std::size_t turn = 0; turn < longest; ++turn)
        for (std::size_t label = 0; label < pictures.size(); ++label)
            if (turn < pictures[label].size()) all.push_back({pictures[label][turn].path, static_cast<std::int32_t>(label)});
    return all;
}

void requireClasses(const fs::path& folder, const Part& part, const FolderOptions& options) {
    if (part.folders.size() < options.leastClasses)
        refuse(Code::Img07, folder, part.folders.empty() ? "there are no class folders" : "there is only one class", part.folders.empty() ? "no folder with pictures" : nameOf(part.folders.front()),
               fmt::format("at least {} needed", options.leastClasses), "Choose the folder whose subfolders are the classes.");
    for (std::size_t k = 0; k < part.folders.size(); ++k)
        if (part.pictures[k].empty())
            refuse(Code::Img10, part.folders[k], "the class has no pictures", "no .png, .jpg or .jpeg file", {}, "Add pictures or remove the folder.");
}

/// The validation part with the training part's labels.
void addTest(PictureFolder& found, Part part, const std::vector<fs::path>& known) {
    std::vector<std::vector<Found>> pictures(known.size());
    for (std::size_t k = 0; k < part.folders.size(); ++k) {
        const auto place = std::ranges::find(known, part.folders[k].filename(), &fs::path::filename);
        if (place == known.end())
            refuse(Code::Dat01, part.folders[k], "a class of the validation part that the training part has not", {}, fmt::format("{} known", countOf(known.size(), "class is", "classes are")),
                   "Add it to the training part or remove it.");
        pictures[static_cast<std::size_t>(place - known.begin())] = std::move(part.pictures[k]);
    }
    std::vector<std::string> without;
    for (std::size_t k = 0; k < known.size(); ++k)
        if (pictures[k].empty()) without.push_back(found.classes[k]);
    found.test = inTurn(pictures);
    if (found.test->empty()) refuse(Code::Img10, known.front().parent_path().parent_path(), "the validation part has no pictures", {}, {}, "Add pictures or remove its folder.");
    if (!without.empty()) found.notes.push_back(fmt::format("The validation part has no pictures of: {}.", listed(without)));
}

const Walk::Entry* folderNamed(const Entries& entries, std::string_view name) {
    const auto found = std::ranges::find_if(entries, [&](const Walk::Entry& entry) { return entry.kind == Walk::Kind::Folder && lower(entry.path.filename().string()) == name; });
    return found == entries.end() ? nullptr : &*found;
}

const Walk::Entry* validationOf(const Entries& entries) {
    for (const std::string_view name : kValidation)
        if (const Walk::Entry* found = folderNamed(entries, name)) return found;
    return nullptr;
}

/// What lies beside both parts.
void noteRest(Walk& walk, const Entries& entries, const Walk::Entry* train, const Walk::Entry* validation, PictureFolder& found) {
    std::vector<std::string> folders;
    for (const Walk::Entry& entry : entries) {
        if (&entry == train || &entry == validation) continue;
        if (entry.kind == Walk::Kind::File)
            walk.note(entry.path);
        else
            folders.push_back(nameOf(entry.path));
    }
    if (!folders.empty()) found.notes.push_back(fmt::format("{} left out beside the parts: {}.", countOf(folders.size(), "folder is", "folders are"), listed(folders)));
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
    const auto isPart = [](const fs::path& path) { return lower(path.filename().string()) == "train" && hasSubfolders(path, 1, holdsPictureItself); };
    return hasSubfolders(folder, 1, isPart);
}

bool holdsPictures(const fs::path& folder) {
    const auto holds = [](const fs::path& path) { return holdsPictureItself(path) || hasSubfolders(path, 1, holdsPictureItself); };
    return holds(folder) || hasSubfolders(folder, 1, holds);
}

PictureFolder listPictures(const fs::path& folder, const FolderOptions& options) {
    PictureFolder found;
    found.name = nameOf(folder);
    Walk walk(folder, options.limits);
    const Entries entries = walk.entries(folder, 0);
    const Walk::Entry* const train = folderNamed(entries, "train");
    const Walk::Entry* const validation = train ? validationOf(entries) : nullptr;
    const auto isOther = [train](const fs::path& path) { return path.filename() != train->path.filename() && holdsPictureItself(path); };
    const auto any = [](const fs::path&) { return true; };
    // Beside other classes and without a validation part it is the class of trains.
    const bool parts = train && (validation || (hasSubfolders(train->path, 1, any) && !hasSubfolders(folder, 1, isOther)));
    Part part = parts ? partIn(walk, walk.entries(train->path, 1), 1) : partIn(walk, entries, 0);
    Part held = parts && validation ? partIn(walk, walk.entries(validation->path, 1), 1) : Part{};
    walk.keepOnce({&part, &held});
    requireClasses(parts ? train->path : folder, part, options);
    for (const fs::path& each : part.folders) found.classes.push_back(nameOf(each));
    found.train = inTurn(part.pictures);
    if (parts) noteRest(walk, entries, train, validation, found);
    if (parts && validation) addTest(found, std::move(held), part.folders);
    for (std::string& note : walk.notes()) found.notes.push_back(std::move(note));
    return found;
}

}  // namespace headroom::formats
