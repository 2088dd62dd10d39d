// SPDX-License-Identifier: Apache-2.0
// Inside the readers of folders of pictures only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors/error.h"
#include "engine/formats/picture_folder.h"

namespace headroom::formats {

std::string lowerCase(std::string text);
/// With bytes that are no UTF-8 escaped too: names of classes go into JSON.
std::string printable(std::string_view name);
/// Of the last part of a path, for messages.
std::string shownName(const std::filesystem::path& path);
/// By its extension: PNG or JPEG.
bool isPicture(const std::filesystem::path& path);
/// Of the system and of tools, not of the person.
bool isHidden(const std::filesystem::path& path);
/// "x.gif, y.txt and 3 more"
std::string listed(const std::vector<std::string>& names);
[[noreturn]] void refuseEntry(Code code, const std::filesystem::path& path, std::string problem, std::string found, std::string allowed, std::string remedy);

struct FoundPicture {
    std::filesystem::path path;
    bool byLink = false;  ///< the file is a link, or lies behind one
};
/// What was found in one part, by the part's folders.
struct FoundPart {
    std::vector<std::filesystem::path> folders;
    std::vector<std::vector<FoundPicture>> pictures;
};

/// Entries of a dataset's folder, links followed as far as they stay inside of it. Opens nothing.
class FolderWalk {
public:
    FolderWalk(const std::filesystem::path& root, const FolderLimits& limits);

    enum class Kind { File, Folder };
    struct Entry {
        std::filesystem::path path;
        Kind kind;
    };

    /// Visible entries in the order of their names. `folder` is `depth` levels below the root.
    std::vector<Entry> entries(const std::filesystem::path& folder, std::size_t depth);
    /// All pictures in and below a folder. Others are noted.
    void addPictures(const std::filesystem::path& folder, std::size_t depth, std::vector<FoundPicture>& pictures);
    /// Takes out what is there twice. Links and second names of one picture would put it under two labels, or into training and
    /// validation; where it really lies decides.
    void keepOnce(std::initializer_list<FoundPart*> parts);

    void note(const std::filesystem::path& other) { m_others.push_back(shownName(other)); }
    std::vector<std::string> notes() const;

private:
    bool isNew(const std::filesystem::path& picture);
    Kind kindOf(const std::filesystem::path& path, std::size_t depth) const;
    std::filesystem::path inside(const std::filesystem::path& link) const;

    const std::filesystem::path m_root;
    const FolderLimits& m_limits;
    std::size_t m_entries = 0;
    std::vector<std::filesystem::path> m_within;  ///< folders that are being visited, links resolved
    bool m_byLink = false;                        ///< one of them is a link
    std::set<std::pair<std::uint64_t, std::uint64_t>> m_seen;  ///< pictures, by device and number
    std::vector<std::string> m_others, m_hidden, m_repeated;
};

using Entries = std::vector<FolderWalk::Entry>;
const FolderWalk::Entry* folderNamed(const Entries& entries, std::string_view name);
/// The first that is there of val, valid, validation and test.
const FolderWalk::Entry* validationOf(const Entries& entries);
/// What lies beside both parts: files are noted as no pictures, folders become a sentence of `notes`.
void noteRest(FolderWalk& walk, const Entries& entries, std::initializer_list<const FolderWalk::Entry*> parts, std::vector<std::string>& notes);

}  // namespace headroom::formats
