// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/cifar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/detect.h"
#include "engine/formats/file.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kSide = 32;
constexpr std::size_t kPlane = kSide * kSide;
constexpr std::size_t kPixels = 3 * kPlane;

struct Layout {
    std::size_t labelBytes;
    std::size_t classByte;  ///< of the label bytes: CIFAR-100 has the coarse class first
    int classes;
    const char* names;
    std::size_t record() const { return labelBytes + kPixels; }
};

Layout layoutOf(CifarKind kind) {
    return kind == CifarKind::Ten ? Layout{1, 0, 10, "batches.meta.txt"} : Layout{2, 1, 100, "fine_label_names.txt"};
}

std::string nameOf(const fs::path& path) { return escaped(path.filename().string()); }
bool isTest(const fs::path& path) { return path.filename().string().starts_with("test"); }

/// Number of a file of the original names, data_batch_1.bin to data_batch_5.bin.
int batchNumber(const fs::path& path) {
    const std::string stem = path.stem().string();
    constexpr std::string_view kPrefix = "data_batch_";
    const bool named = stem.size() == kPrefix.size() + 1 && stem.starts_with(kPrefix);
    return named && stem.back() >= '1' && stem.back() <= '5' ? stem.back() - '0' : 0;
}

/// Missing ones of the five batches: none where the files have other names.
std::string missingBatches(const std::vector<fs::path>& files) {
    std::array<bool, 6> present{};
    for (const fs::path& file : files) present[static_cast<std::size_t>(batchNumber(file))] = true;
    std::string missing;
    for (std::size_t i = 1; i < present.size(); ++i)
        if (!present[i]) missing += (missing.empty() ? "" : ", ") + std::to_string(i);
    const bool original = std::find(present.begin() + 1, present.end(), true) != present.end();
    return original ? missing : std::string();
}

void requireAllBatches(const fs::path& folder, const std::vector<fs::path>& files, const CifarOptions& options,
                       std::vector<std::string>& notes) {
    const std::string missing = missingBatches(files);
    if (missing.empty()) return;
    if (options.acceptMissingBatches) {
        notes.push_back(fmt::format("batch {} of 1 to 5 is missing: trained on what is there", missing));
        return;
    }
    throw Error({Code::Cif06, nameOf(folder), "a batch file is missing",
                 fmt::format("batch {} missing of 1 to 5", missing), "",
                 "Add it, or accept what is there with --set data.accept_missing_batches=true."});
}

CifarKind kindOf(const fs::path& folder, const std::vector<File>& files) {
    std::error_code ignored;
    if (fs::exists(folder / layoutOf(CifarKind::Hundred).names, ignored)) return CifarKind::Hundred;
    const auto allDivide = [&](CifarKind kind) {
        return std::all_of(files.begin(), files.end(),
                           [&](const File& f) { return f.size() % layoutOf(kind).record() == 0; });
    };
    return !allDivide(CifarKind::Ten) && allDivide(CifarKind::Hundred) ? CifarKind::Hundred : CifarKind::Ten;
}

void checkFile(const File& file, const Layout& layout, const PictureLimits& limits) {
    if (file.size() == 0)
        throw Error({Code::Cif03, file.name(), "file is empty", "0 bytes",
                     fmt::format("records of {} needed", bytesText(layout.record())), "Download the file again."});
    if (looksLikePickle(head(file, 2)))
        throw Error({Code::Cif04, file.name(), "Python pickle", "the Python version of the data",
                     "only the binary version is read", "Download the binary version."});
    if (file.size() % layout.record() != 0)
        throw Error({Code::Cif01, file.name(), "not a whole number of records",
                     fmt::format("{} is {} and {}", bytesText(file.size()),
                                 countOf(file.size() / layout.record(), "record", "records"),
                                 bytesText(file.size() % layout.record())),
                     fmt::format("records of {} needed", bytesText(layout.record())), "Download the file again."});
    if (file.size() > limits.maxBytes)
        throw Error({Code::Cif01, file.name(), "the file is too large", bytesText(file.size()),
                     fmt::format("at most {} allowed", bytesText(limits.maxBytes)), "Split it."});
}

/// A record's planes R, G, B as pixels.
void interleave(const std::uint8_t* planes, std::uint8_t* pixels) {
    for (std::size_t i = 0; i < kPlane; ++i)
        for (std::size_t channel = 0; channel < 3; ++channel) pixels[3 * i + channel] = planes[channel * kPlane + i];
}

class Reader {
public:
    Reader(const Layout& layout, std::int64_t limit) : m_layout(layout), m_limit(limit) {
        m_pictures.height = m_pictures.width = kSide;
        m_pictures.channels = 3;
    }

    void reserve(std::uint64_t records) {
        if (m_limit > 0) records = std::min(records, static_cast<std::uint64_t>(m_limit));
        m_pictures.labels.reserve(records);
        m_pictures.pixels.reserve(records * kPixels);
    }

    /// Checks every record, keeps those below the limit.
    void add(const File& file) {
        constexpr std::size_t kRecordsAtOnce = 256;
        std::vector<std::uint8_t> block(kRecordsAtOnce * m_layout.record());
        const std::uint64_t records = file.size() / m_layout.record();
        for (std::uint64_t first = 0; first < records; first += kRecordsAtOnce) {
            const std::size_t count =
                static_cast<std::size_t>(std::min<std::uint64_t>(kRecordsAtOnce, records - first));
            const auto bytes = std::span(block).first(count * m_layout.record());
            file.readExactly(first * m_layout.record(), std::as_writable_bytes(bytes), Code::Cif01);
            for (std::size_t i = 0; i < count; ++i) addRecord(file, first + i, block.data() + i * m_layout.record());
        }
        file.requireUnchanged(Code::Cif01);
    }

    Pictures take() { return std::move(m_pictures); }

private:
    void addRecord(const File& file, std::uint64_t index, const std::uint8_t* record) {
        const int label = record[m_layout.classByte];
        if (label >= m_layout.classes)
            throw Error({Code::Cif02, file.name(), "a label is outside the classes",
                         fmt::format("label {} in record {}", label, groupedUnsigned(index)),
                         fmt::format("0 to {} allowed", m_layout.classes - 1), "Download the file again."});
        if (m_limit > 0 && m_pictures.count() >= m_limit) return;
        m_pictures.labels.push_back(label);
        m_pictures.pixels.resize(m_pictures.pixels.size() + kPixels);
        interleave(record + m_layout.labelBytes, m_pictures.pixels.data() + m_pictures.pixels.size() - kPixels);
    }

    Layout m_layout;
    std::int64_t m_limit;
    Pictures m_pictures;
};

std::vector<std::string> linesOf(const File& file) {
    constexpr std::size_t kMostBytes = 64 * 1024;
    std::vector<std::string> lines;
    std::string line;
    for (const char c : head(file, kMostBytes) + "\n") {
        if (c == '\n' && !line.empty()) lines.push_back(std::exchange(line, {}));
        if (c != '\n' && c != '\r') line += c;
    }
    return lines;
}

/// Names from the file beside the data, or the numbers where there is none.
std::vector<std::string> classNames(const fs::path& folder, const Layout& layout) {
    std::vector<std::string> names;
    const fs::path path = folder / layout.names;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        for (int i = 0; i < layout.classes; ++i) names.push_back(std::to_string(i));
        return names;
    }
    requireInside(folder, path);
    names = linesOf(File(path));
    if (names.size() == static_cast<std::size_t>(layout.classes)) return names;
    throw Error({Code::Cif05, nameOf(path), "the class names do not match the classes",
                 countOf(names.size(), "name", "names"), fmt::format("{} needed", layout.classes),
                 "Correct or remove the file."});
}

Pictures readPart(const std::vector<const File*>& files, const Layout& layout, std::int64_t limit) {
    Reader reader(layout, limit);
    std::uint64_t bytes = 0;
    for (const File* file : files) bytes += file->size();
    reader.reserve(bytes / layout.record());
    for (const File* file : files) reader.add(*file);
    return reader.take();
}

}  // namespace

CifarPictures readCifar(const fs::path& folder, const std::vector<fs::path>& files, const CifarOptions& options) {
    CifarPictures result;
    std::vector<fs::path> sorted = files;
    std::sort(sorted.begin(), sorted.end());
    std::vector<File> opened(sorted.begin(), sorted.end());
    result.kind = kindOf(folder, opened);
    const Layout layout = layoutOf(result.kind);
    std::vector<const File*> train;
    std::vector<const File*> test;
    for (std::size_t i = 0; i < opened.size(); ++i) {
        checkFile(opened[i], layout, options.limits);
        (isTest(sorted[i]) ? test : train).push_back(&opened[i]);
    }
    requireAllBatches(folder, files, options, result.notes);
    if (train.empty())
        throw Error({Code::Cif06, nameOf(folder), "a batch file is missing", "only a test part", "",
                     "Add the training files."});
    result.classes = classNames(folder, layout);
    result.train = readPart(train, layout, test.empty() ? 0 : options.limit);
    if (!test.empty()) result.test = readPart(test, layout, 0);
    return result;
}

}  // namespace headroom::formats
