// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/picture_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <span>

#include "base/errors/error.h"
#include "base/process/available_memory.h"
#include "engine/formats/checked.h"
#include "engine/formats/for_all.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
using Listed = std::vector<PictureFolder::Picture>;

/// Fewer pixels make no picture.
constexpr std::int64_t kLeastSide = 8;

std::string nameOf(const fs::path& path) { return escaped(path.filename().string()); }

/// What went wrong with which pictures, by their place. Filled by many threads.
class Unreadable {
public:
    explicit Unreadable(std::size_t pictures) : m_pictures(pictures) {}

    void add(std::size_t place, Failure failure) {
        const std::lock_guard lock(m_mutex);
        m_failures.emplace(place, std::move(failure));
    }
    /// Too many to go on looking: there is a list to show.
    bool areEnough() const {
        const std::lock_guard lock(m_mutex);
        return m_failures.size() > std::max(m_pictures / 100, kShown);
    }
    bool has(std::size_t place) const { return m_failures.contains(place); }

    /// Throws the list where more than one of a hundred cannot be read.
    void requireFew() const {
        if (m_failures.size() * 100 <= m_pictures) return;
        std::vector<Failure> shown;
        for (const auto& [place, failure] : m_failures)
            if (shown.size() < kShown) shown.push_back(failure);
        if (m_failures.size() > 1)
            shown.push_back({Code::Dat02, {}, "Too many pictures cannot be read", fmt::format("at least {} of {}", groupedUnsigned(m_failures.size()), groupedUnsigned(m_pictures)),
                             "up to 1 % are left out", "Repair or remove them."});
        throw Error(std::move(shown));
    }
    std::optional<std::string> note() const {
        if (m_failures.empty()) return std::nullopt;
        std::string names;
        std::size_t shown = 0;
        for (const auto& [place, failure] : m_failures)
            if (shown++ < kShown) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", failure.subject, failure.problem);
        return fmt::format("{} of {} pictures cannot be read and {} left out: {}{}.", groupedUnsigned(m_failures.size()), groupedUnsigned(m_pictures), m_failures.size() == 1 ? "is" : "are", names,
                           m_failures.size() > kShown ? fmt::format(" and {} more", m_failures.size() - kShown) : "");
    }

private:
    static constexpr std::size_t kShown = 10;
    const std::size_t m_pictures;
    mutable std::mutex m_mutex;
    std::map<std::size_t, Failure> m_failures;
};

/// What `read` says of a picture; nothing where it cannot be read, which is then known. Throws IMG-08 where the file is gone.
template <typename Read>
auto attempt(const fs::path& path, std::size_t place, Unreadable& unreadable, Read read) -> std::optional<decltype(read())> {
    try {
        return read();
    } catch (const Error& error) {
        std::error_code ignored;
        if (!fs::exists(fs::symlink_status(path, ignored)))
            throw Error({Code::Img08, nameOf(path), "the picture is gone since the folder was listed", escaped(path.string()), {}, "Bring it back, or start again without it."});
        unreadable.add(place, error.failures().front());
        return std::nullopt;
    }
}

/// The median of the shorter sides that the pictures declare; nothing where none says it.
std::optional<std::int64_t> medianSide(const Listed& pictures, const GoesOn& goesOn) {
    std::vector<std::int64_t> sides;
    Unreadable ignored(pictures.size());  // decoding says it again
    for (std::size_t k = 0; k < pictures.size(); ++k) {
        requireGoesOn(goesOn);
        if (const auto side = attempt(pictures[k].path, k, ignored, [&] { return declaredSide(pictures[k].path); }); side && *side) sides.push_back(**side);
    }
    if (sides.empty()) return std::nullopt;
    const auto middle = sides.begin() + std::ssize(sides) / 2;
    std::ranges::nth_element(sides, middle);
    return *middle;
}

}  // namespace

void chooseSide(models::WantedPictures& wanted, PictureFolder& folder, const GoesOn& goesOn) {
    if (wanted.height > 0) return;
    const std::int64_t median = medianSide(folder.train, goesOn).value_or(wanted.usualSide);
    wanted.height = wanted.width = std::max(kLeastSide, std::min(wanted.usualSide, median));
    const std::string why = median < wanted.usualSide ? fmt::format("half of the pictures have a shorter side of {} pixels or less", median) : fmt::format("usual for this model");
    folder.notes.insert(folder.notes.begin(), fmt::format("Pictures are scaled and cut to {0} x {0} pixels ({1}); data.side sets another size.", wanted.height, why));
}

namespace {

std::uint64_t bytesOf(const models::WantedPictures& wanted) {
    return static_cast<std::uint64_t>(wanted.height * wanted.width * (wanted.channels > 0 ? wanted.channels : 3));
}

}  // namespace

void requireRoom(const PictureFolder& folder, const FolderOptions& options, const models::WantedPictures& wanted) {
    const std::uint64_t count = folder.train.size() + (folder.test ? folder.test->size() : 0);
    const auto available = options.limits.room > 0 ? options.limits.room : static_cast<std::uint64_t>(process::availableMemory()) / 5 * 4;
    const auto needed = product(count, bytesOf(wanted));
    if (needed && *needed <= available) return;
    throw Error({Code::Img09, folder.name, "the decoded pictures do not fit into memory",
                 fmt::format("{} pictures of {} x {} pixels take {}", groupedUnsigned(count), wanted.width, wanted.height, needed ? bytesText(*needed) : "more than can be counted"),
                 fmt::format("room for {}", bytesText(available)), "Set data.side smaller, or train on fewer pictures."});
}

namespace {

/// One part, decoded. Pictures that cannot be read leave their place empty until they are taken out.
class Decoder {
public:
    Decoder(const Listed& listed, const models::WantedPictures& wanted, const FolderOptions& options)
        : m_listed(listed), m_options(options), m_each(bytesOf(wanted)), m_unreadable(listed.size()) {
        m_pictures.height = wanted.height;
        m_pictures.width = wanted.width;
        m_pictures.channels = wanted.channels > 0 ? wanted.channels : 3;
    }

    void decode() {
        m_pictures.pixels.resize(m_listed.size() * m_each);
        const auto decodeOne = [this](std::size_t k) {
            if (!m_unreadable.areEnough()) decode(k);
        };
        forAll(m_listed.size(), m_options.threads, [this] { requireGoesOn(m_options.goesOn); }, decodeOne);
        m_unreadable.requireFew();
        close();
    }
    bool isColoured() const { return m_coloured; }
    std::optional<std::string> note() const { return m_unreadable.note(); }

    Pictures take(std::int64_t channels) {
        if (channels < m_pictures.channels) keepBrightness(m_pictures);
        return std::move(m_pictures);
    }

private:
    void decode(std::size_t k) {
        const fs::path& path = m_listed[k].path;
        const auto image = attempt(path, k, m_unreadable, [&] { return readImage(path, m_options.limits.image); });
        if (!image) return;
        if (image->channels > 1) m_coloured = true;
        const Image made = fitted(*image, m_pictures.height, m_pictures.width, m_pictures.channels);
        std::ranges::copy(made.pixels, m_pictures.pixels.begin() + static_cast<std::ptrdiff_t>(k * m_each));
    }

    /// Those that were read move together.
    void close() {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < m_listed.size(); ++k) {
            if (m_unreadable.has(k)) continue;
            m_pictures.labels.push_back(m_listed[k].label);
            const auto from = m_pictures.pixels.begin() + static_cast<std::ptrdiff_t>(k * m_each);
            if (kept != k) std::copy_n(from, m_each, m_pictures.pixels.begin() + static_cast<std::ptrdiff_t>(kept * m_each));
            ++kept;
        }
        m_pictures.pixels.resize(kept * m_each);
    }

    const Listed& m_listed;
    const FolderOptions& m_options;
    const std::size_t m_each;
    Unreadable m_unreadable;
    std::atomic<bool> m_coloured = false;
    Pictures m_pictures;
};

void requirePicturesOfAll(const PictureFolder& folder, const Pictures& pictures) {
    std::vector<bool> seen(folder.classes.size());
    for (const std::int32_t label : pictures.labels) seen[static_cast<std::size_t>(label)] = true;
    for (const PictureFolder::Picture& each : folder.train)
        if (const auto label = static_cast<std::size_t>(each.label); !seen[label])
            throw Error({Code::Img10, folder.classes[label], "no picture of the class can be read", nameOf(each.path), {}, "Repair its pictures or remove the folder."});
}

}  // namespace

void keepBrightness(Pictures& pictures) {
    std::vector<std::uint8_t>& pixels = pictures.pixels;
    for (std::size_t k = 0; k < pixels.size() / 3; ++k) pixels[k] = pixels[3 * k];
    pixels.resize(pixels.size() / 3);
    pixels.shrink_to_fit();
    pictures.channels = 1;
}

FolderPictures readPictures(PictureFolder folder, const FolderOptions& options) {
    if (folder.test && options.limit > 0) folder.train.resize(std::min(folder.train.size(), static_cast<std::size_t>(options.limit)));
    models::WantedPictures wanted = options.wanted;
    chooseSide(wanted, folder, options.goesOn);
    requireRoom(folder, options, wanted);
    Decoder train(folder.train, wanted, options);
    train.decode();
    std::optional<Decoder> test;
    if (folder.test) test.emplace(*folder.test, wanted, options), test->decode();
    const bool grey = wanted.channels == 0 && !train.isColoured() && !(test && test->isColoured());
    const std::int64_t channels = grey ? 1 : wanted.channels > 0 ? wanted.channels : 3;
    FolderPictures found{train.take(channels), std::nullopt, std::move(folder.notes)};
    if (test) found.test = test->take(channels);
    requirePicturesOfAll(folder, found.train);
    for (const auto& note : {train.note(), test ? test->note() : std::nullopt})
        if (note) found.notes.push_back(*note);
    return found;
}

}  // namespace headroom::formats
