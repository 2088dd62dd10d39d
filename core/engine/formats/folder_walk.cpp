// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/folder_walk.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/json/utf8.h"
#include "engine/formats/checked.h"

namespace headroom::formats {

namespace fs = std::filesystem;

std::string lowerCase(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string printable(std::string_view name) {
    std::string valid;
    while (!name.empty()) {
        const std::size_t length = utf8Length(name);
        valid += length > 0 ? std::string(name.substr(0, length)) : fmt::format("\\x{:02X}", static_cast<unsigned char>(name.front()));
        name.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return escaped(valid);
}

std::string shownName(const fs::path& path) { return printable((path.has_filename() ? path : path.parent_path()).filename().string()); }

bool isPicture(const fs::path& path) {
    const std::string extension = lowerCase(path.extension().string());
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

bool isHidden(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with('.') || name == "__MACOSX";
}

void refuseEntry(Code code, const fs::path& path, std::string problem, std::string found, std::string allowed, std::string remedy) {
    throw Error({code, shownName(path), std::move(problem), std::move(found), std::move(allowed), std::move(remedy)});
}

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t k = 0; k < std::min(names.size(), kShown); ++k) text += (k == 0 ? "" : ", ") + names[k];
    return names.size() > kShown ? text + fmt::format(" and {} more", groupedUnsigned(names.size() - kShown)) : text;
}

namespace {

std::string wordOf(fs::file_type type) {
    switch (type) {
        case fs::file_type::fifo: return "a pipe";
        case fs::file_type::socket: return "a socket";
        case fs::file_type::block:
        case fs::file_type::character: return "a device";
        default: return "something that cannot be read";
    }
}

bool isLink(const fs::path& path) {
    std::error_code error;
    return fs::is_symlink(fs::symlink_status(path, error));
}

fs::path resolved(const fs::path& folder) {
    std::error_code error;
    fs::path path = fs::canonical(folder, error);
    if (error) refuseEntry(Code::Dat04, folder, "the folder cannot be read", error.message(), {}, "Correct the path or its permissions.");
    return path;
}

[[noreturn]] void refuseCircle(const fs::path& link) { refuseEntry(Code::Img05, link, "links lead in a circle", {}, {}, "Remove the link."); }

}  // namespace

FolderWalk::FolderWalk(const fs::path& root, const FolderLimits& limits) : m_root(resolved(root)), m_limits(limits) {}

std::vector<FolderWalk::Entry> FolderWalk::entries(const fs::path& folder, std::size_t depth) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (++m_entries > m_limits.maxEntries)
            refuseEntry(Code::Img09, m_root, "too many files", "more than " + groupedUnsigned(m_limits.maxEntries), {}, "Divide the folder.");
        paths.push_back(entry->path());
    }
    if (error) refuseEntry(Code::Dat04, folder, "the folder cannot be read", error.message(), {}, "Correct its permissions.");
    std::ranges::sort(paths);
    std::vector<Entry> visible;
    for (fs::path& path : paths) {
        if (isHidden(path)) {
            m_hidden.push_back(shownName(path));
            continue;
        }
        const Kind kind = kindOf(path, depth);
        visible.push_back({std::move(path), kind});
    }
    return visible;
}

void FolderWalk::addPictures(const fs::path& folder, std::size_t depth, std::vector<FoundPicture>& pictures) {
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

void FolderWalk::keepOnce(std::initializer_list<FoundPart*> parts) {
    for (const bool byLink : {false, true})
        for (FoundPart* part : parts)
            for (std::vector<FoundPicture>& pictures : part->pictures)
                std::erase_if(pictures, [&](const FoundPicture& each) {
                    if (each.byLink != byLink || isNew(each.path)) return false;
                    m_repeated.push_back(shownName(each.path));
                    return true;
                });
}

std::vector<std::string> FolderWalk::notes() const {
    std::vector<std::string> notes;
    if (!m_others.empty())
        notes.push_back(fmt::format("{} that {} read: {}.", countOf(m_others.size(), "file is no picture", "files are no pictures"), m_others.size() == 1 ? "is" : "are", listed(m_others)));
    if (!m_repeated.empty())
        notes.push_back(fmt::format("{} in the folder already and counts once: {}.", countOf(m_repeated.size(), "link is to a picture that is", "links are to pictures that are"), listed(m_repeated)));
    if (!m_hidden.empty()) notes.push_back(fmt::format("{} left out: {}.", countOf(m_hidden.size(), "hidden entry is", "hidden entries are"), listed(m_hidden)));
    return notes;
}

bool FolderWalk::isNew(const fs::path& picture) {
    struct stat status {};
    return ::stat(picture.c_str(), &status) != 0 || m_seen.emplace(status.st_dev, status.st_ino).second;
}

FolderWalk::Kind FolderWalk::kindOf(const fs::path& path, std::size_t depth) const {
    std::error_code error;
    const bool isLinked = isLink(path);
    const fs::path target = isLinked ? inside(path) : path;
    const fs::file_status status = fs::symlink_status(target, error);
    if (fs::is_regular_file(status)) return Kind::File;
    if (status.type() == fs::file_type::not_found) refuseEntry(Code::Img08, path, "the file is gone", {}, {}, "Try again when nothing changes the folder.");
    if (!fs::is_directory(status))
        refuseEntry(Code::Img06, path, "not a regular file", wordOf(status.type()), "files and folders allowed", "Remove it from the folder.");
    if (depth >= m_limits.maxDepth) refuseEntry(Code::Img09, path, "folders too deep", {}, fmt::format("at most {} allowed", m_limits.maxDepth), "Put the pictures into their class's folder.");
    if (isLinked && std::ranges::find(m_within, target) != m_within.end()) refuseCircle(path);
    return Kind::Folder;
}

/// Where a link leads.
fs::path FolderWalk::inside(const fs::path& link) const {
    std::error_code error;
    const fs::path target = fs::canonical(link, error);
    if (error == std::errc::too_many_symbolic_link_levels) refuseCircle(link);
    if (error) refuseEntry(Code::Img05, link, "the link leads nowhere", error.message(), {}, "Remove the link.");
    const auto [rootEnd, ignored] = std::mismatch(m_root.begin(), m_root.end(), target.begin(), target.end());
    if (rootEnd != m_root.end()) refuseEntry(Code::Img04, link, "a link leaves the dataset folder", {}, {}, "Copy the file into the folder.");
    return target;
}

const FolderWalk::Entry* folderNamed(const Entries& entries, std::string_view name) {
    const auto found = std::ranges::find_if(entries, [&](const FolderWalk::Entry& entry) { return entry.kind == FolderWalk::Kind::Folder && lowerCase(entry.path.filename().string()) == name; });
    return found == entries.end() ? nullptr : &*found;
}

const FolderWalk::Entry* validationOf(const Entries& entries) {
    for (const std::string_view name : {"val", "valid", "validation", "test"})
        if (const FolderWalk::Entry* found = folderNamed(entries, name)) return found;
    return nullptr;
}

void noteRest(FolderWalk& walk, const Entries& entries, std::initializer_list<const FolderWalk::Entry*> parts, std::vector<std::string>& notes) {
    std::vector<std::string> folders;
    for (const FolderWalk::Entry& entry : entries) {
        if (std::ranges::find(parts, &entry) != parts.end()) continue;
        if (entry.kind == FolderWalk::Kind::File)
            walk.note(entry.path);
        else
            folders.push_back(shownName(entry.path));
    }
    if (!folders.empty()) notes.push_back(fmt::format("{} left out beside the parts: {}.", countOf(folders.size(), "folder is", "folders are"), listed(folders)));
}

}  // namespace headroom::formats
