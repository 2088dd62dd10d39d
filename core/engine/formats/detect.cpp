// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/detect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/checked.h"
#include "engine/formats/csv_scanner.h"
#include "engine/formats/idx.h"
#include "engine/formats/mask_folder.h"
#include "engine/formats/picture_folder.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
const char* const kKnown =
    "a folder of pictures with a subfolder for each class, one with images and masks, IDX pictures (train-images-idx3-ubyte), CIFAR binary (*.bin), a table (.csv, .tsv) or a text (.txt)";

std::string nameOf(const fs::path& path) {
    return escaped((path.has_filename() ? path : path.parent_path()).filename().string());
}

[[noreturn]] void refuse(const fs::path& path, std::string problem, std::string found = {},
                         std::string remedy = "Choose a regular file or folder.") {
    throw Error({Code::Dat04, nameOf(path), std::move(problem), std::move(found), "", std::move(remedy)});
}

[[noreturn]] void refuseUnknown(const fs::path& path, std::string problem, std::string found) {
    throw Error({Code::Dat04, nameOf(path), std::move(problem), std::move(found), fmt::format("known are {}", kKnown),
                 "Choose a file or folder of a known format."});
}

std::string lowerExtension(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

bool isTable(const fs::path& path) {
    const std::string extension = lowerExtension(path.extension() == ".gz" ? path.stem() : path);
    return extension == ".csv" || extension == ".tsv";
}

bool isPlainText(const fs::path& path) { return lowerExtension(path) == ".txt"; }
bool isBinary(const fs::path& path) { return lowerExtension(path) == ".bin"; }

/// Names that CIFAR's Python version has and the binary one has not.
bool isPythonCifar(const fs::path& path) {
    const std::string name = path.filename().string();
    return name == "batches.meta" || name == "test_batch" || (name.starts_with("data_batch_") && !path.has_extension());
}

[[noreturn]] void refusePythonCifar(const fs::path& path) {
    throw Error({Code::Cif04, nameOf(path), "Python pickle", "the Python version of the data",
                 "only the binary version is read", "Download the binary version."});
}

std::vector<fs::path> entriesOf(const fs::path& folder) {
    constexpr std::size_t kMost = 10'000'000;
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        if (entries.size() == kMost)
            refuse(folder, "too many files", fmt::format("more than {}", groupedUnsigned(kMost)));
        entries.push_back(entry->path());
    }
    if (error) refuse(folder, "the folder cannot be read", error.message());
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::vector<fs::path> chosen(const std::vector<fs::path>& entries, bool (*wanted)(const fs::path&)) {
    std::vector<fs::path> files;
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(files), wanted);
    return files;
}

/// The only file of its kind in a folder.
std::optional<fs::path> onlyOne(const fs::path& folder, const std::vector<fs::path>& files) {
    if (files.size() > 1)
        refuse(folder, "several files could be meant",
               fmt::format("{} and {} more", nameOf(files.front()), files.size() - 1), "Choose one of the files.");
    if (files.empty()) return std::nullopt;
    requireInside(folder, files.front());
    return files.front();
}

Detected detectFolder(const fs::path& folder) {
    if (findIdxSet(folder)) return {Format::IdxSet, folder, {}};
    const std::vector<fs::path> entries = entriesOf(folder);
    std::vector<fs::path> binaries = chosen(entries, isBinary);
    for (const fs::path& file : binaries) requireInside(folder, file);
    if (!binaries.empty()) return {Format::Cifar, folder, std::move(binaries)};
    const std::vector<fs::path> python = chosen(entries, isPythonCifar);
    if (!python.empty()) refusePythonCifar(python.front());
    if (isMaskFolder(folder)) return {Format::MaskFolder, folder, {}};
    if (isPictureFolder(folder)) return {Format::PictureFolder, folder, {}};  // whatever notes and lists lie beside the pictures
    if (const auto table = onlyOne(folder, chosen(entries, isTable))) return {Format::Csv, *table, {}};
    if (const auto text = onlyOne(folder, chosen(entries, isPlainText))) return {Format::Text, *text, {}};
    if (holdsPictures(folder)) return {Format::PictureFolder, folder, {}};  // its reader says what is missing
    refuseUnknown(folder, "a folder of no known format", countOf(entries.size(), "entry", "entries"));
}

bool isIdxHeader(std::string_view bytes) {
    constexpr std::string_view kTypes = "\x08\x09\x0B\x0C\x0D\x0E";
    return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && kTypes.find(bytes[2]) != std::string_view::npos;
}

bool isIdxName(const fs::path& path) { return path.filename().string().find("-ubyte") != std::string::npos; }

/// An IDX file stands for the set that it belongs to.
Detected idxSetOf(const fs::path& file) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    const std::optional<IdxSet> set = findIdxSet(folder);
    if (!set) {
        readIdx(file);  // says what is wrong with the file itself, if anything is
        refuse(file, "an IDX file without its set", "train-images-idx3-ubyte is not beside it",
               "Rename the files, then choose their folder.");
    }
    return {Format::IdxSet, folder, {}};
}

/// By content: a table where the first lines agree on a delimiter, else a text.
Format textFormat(std::string_view bytes) {
    const char delimiter = detectDelimiter(bytes);
    const std::string_view firstLine = bytes.substr(0, bytes.find('\n'));
    const auto fields = std::count(firstLine.begin(), firstLine.end(), delimiter);
    std::size_t lines = 0;
    std::size_t agreeing = 0;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        if (end == bytes.size() && lines > 0) break;  // perhaps cut off
        agreeing +=
            std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end), delimiter) == fields ? 1 : 0;
        ++lines;
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return fields > 0 && agreeing * 10 >= lines * 9 ? Format::Csv : Format::Text;
}

bool isProbablyText(std::string_view bytes) {
    constexpr std::size_t kLongestCharacter = 4;
    const auto invalid = findInvalidUtf8(bytes);
    return bytes.find('\0') == std::string_view::npos && (!invalid || *invalid + kLongestCharacter > bytes.size());
}

Detected detectFile(const fs::path& path) {
    constexpr std::size_t kLooked = 64 * 1024;
    const File file(path);
    const std::string bytes = head(file, kLooked);
    if (isPythonCifar(path) && looksLikePickle(bytes)) refusePythonCifar(path);
    if (isBinary(path)) {
        if (bytes.starts_with("PK")) refusePickle(file);
        return {Format::Cifar, path.has_parent_path() ? path.parent_path() : fs::path("."), {path}};
    }
    refusePickle(file);
    if (isIdxName(path) || isIdxHeader(bytes)) return idxSetOf(path);
    if (isTable(path)) return {Format::Csv, path, {}};
    if (isPlainText(path)) return {Format::Text, path, {}};
    if (!bytes.empty() && isProbablyText(bytes)) return {textFormat(bytes), path, {}};
    refuseUnknown(path, "a file of no known format", bytesText(file.size()));
}

}  // namespace

Detected detect(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    switch (status.type()) {
        case fs::file_type::directory:
            return detectFolder(path);
        case fs::file_type::regular:
            return detectFile(path);
        case fs::file_type::not_found:
            refuse(path, "there is no such file or folder", "", "Correct the path.");
        case fs::file_type::fifo:
            refuse(path, "not a regular file or folder", "a pipe");
        case fs::file_type::character:
        case fs::file_type::block:
            refuse(path, "not a regular file or folder", "a device");
        case fs::file_type::socket:
            refuse(path, "not a regular file or folder", "a socket");
        default:
            refuse(path, "the path cannot be read", error.message(), "Correct the path or its permissions.");
    }
}

void requireInside(const fs::path& folder, const fs::path& entry) {
    std::error_code error;
    const fs::path root = fs::canonical(folder, error);
    const fs::path target = error ? fs::path() : fs::canonical(entry, error);
    if (error) refuse(entry, "cannot be read", error.message());
    const auto [rootEnd, ignored] = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
    if (rootEnd != root.end()) refuse(entry, "a link leaves the dataset folder", "", "Copy the file into the folder.");
    if (!fs::is_regular_file(target, error)) refuse(entry, "not a regular file");
}

}  // namespace headroom::formats
