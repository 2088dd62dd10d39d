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
#include "engine/formats/picture_files.h"

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

using Declared = std::vector<DeclaredImage>;

/// What the pictures say of themselves; zeros where one says nothing. Decoding tells of the unreadable ones.
Declared declaredOf(const Listed& pictures, const FolderOptions& options) {
    Declared declared(pictures.size());
    Unreadable ignored(pictures.size());
    forAll(pictures.size(), options.threads, [&] { requireGoesOn(options.goesOn); }, [&](std::size_t k) {
        if (const auto found = attempt(pictures[k].path, k, ignored, [&] { return declaredImage(pictures[k].path); }); found && *found) declared[k] = **found;
    });
    return declared;
}

/// The median of the shorter sides; nothing where none is known.
std::optional<std::int64_t> medianSide(const Declared& declared) {
    std::vector<std::int64_t> sides;
    for (const DeclaredImage& each : declared)
        if (each.height > 0) sides.push_back(std::min(each.height, each.width));
    if (sides.empty()) return std::nullopt;
    const auto middle = sides.begin() + std::ssize(sides) / 2;
    std::ranges::nth_element(sides, middle);
    return *middle;
}

/// Height and width where the wish leaves them open.
void chooseSide(models::WantedPictures& wanted, PictureFolder& folder, const Declared& train) {
    if (wanted.height > 0) return;
    const std::int64_t median = medianSide(train).value_or(wanted.usualSide);
    wanted.height = wanted.width = std::max(kLeastSide, std::min(wanted.usualSide, median));
    const std::string why = median < wanted.usualSide ? fmt::format("half of the pictures have a shorter side of {} pixels or less", median) : fmt::format("usual for this model");
    folder.notes.insert(folder.notes.begin(), fmt::format("Pictures are scaled and cut to {0} x {0} pixels ({1}); data.side sets another size.", wanted.height, why));
}

Pictures opened(const Listed& listed, const PictureFiles::Form& form) {
    Pictures pictures{form.height, form.width, form.channels, {}, {}};
    std::vector<PictureFiles::Entry> entries;
    for (const PictureFolder::Picture& each : listed) {
        pictures.labels.push_back(each.label);
        entries.push_back({each.path, std::ssize(entries)});
    }
    pictures.files = std::make_shared<const PictureFiles>(std::move(entries), form);
    return pictures;
}

/// One part, decoded once. Pictures that cannot be read leave their place empty until they are taken out.
class Decoder {
public:
    Decoder(Pictures& pictures, std::size_t kept, const FolderOptions& options)
        : m_pictures(pictures), m_files(*pictures.files), m_options(options), m_each(static_cast<std::size_t>(pictures.bytesPerPicture())),
          m_kept(std::min(kept, pictures.labels.size())), m_unreadable(pictures.labels.size()) {}

    void decode() {
        m_pictures.pixels.resize(m_kept * m_each);
        const auto meetOne = [this](std::size_t k) {
            if (!m_unreadable.areEnough()) meet(k);
        };
        forAll(m_pictures.labels.size(), m_options.threads, [this] { requireGoesOn(m_options.goesOn); }, meetOne);
        m_unreadable.requireFew();
        close();
    }
    std::optional<std::string> note() const { return m_unreadable.note(); }

private:
    void meet(std::size_t k) {
        std::vector<std::uint8_t> room(k < m_kept ? 0 : m_each);
        const std::span<std::uint8_t> out = k < m_kept ? std::span(m_pictures.pixels).subspan(k * m_each, m_each) : std::span(room);
        attempt(m_files.entries()[k].path, k, m_unreadable, [&] { return m_files.meet(k, out), true; });
    }

    /// Those that were read move together.
    void close() {
        std::vector<PictureFiles::Entry>& entries = m_files.entries();
        std::size_t left = 0, kept = 0;
        for (std::size_t k = 0; k < entries.size(); ++k) {
            if (m_unreadable.has(k)) continue;
            if (left != k) {
                if (k < m_kept) std::copy_n(m_pictures.pixels.begin() + static_cast<std::ptrdiff_t>(k * m_each), m_each, m_pictures.pixels.begin() + static_cast<std::ptrdiff_t>(left * m_each));
                m_pictures.labels[left] = m_pictures.labels[k];
                entries[left] = std::move(entries[k]);
            }
            ++left;
            if (k < m_kept) ++kept;
        }
        m_pictures.labels.resize(left);
        m_pictures.pixels.resize(kept * m_each);
        entries.resize(left);
        m_pictures.files = std::make_shared<const PictureFiles>(std::move(m_files));
    }

    Pictures& m_pictures;
    PictureFiles m_files;
    const FolderOptions& m_options;
    const std::size_t m_each, m_kept;
    Unreadable m_unreadable;
};

/// A picture of every class that there are any of.
std::map<std::int32_t, std::string> oneOfEach(const Pictures& pictures) {
    std::map<std::int32_t, std::string> names;
    for (std::size_t k = 0; k < pictures.labels.size(); ++k) names.try_emplace(pictures.labels[k], nameOf(pictures.files->entries()[k].path));
    return names;
}

/// Of all classes that there were `before`.
void requirePicturesOfAll(const Pictures& pictures, const std::map<std::int32_t, std::string>& before, const std::vector<std::string>& classes) {
    for (const auto& [label, name] : before)
        if (std::ranges::find(pictures.labels, label) == pictures.labels.end())
            throw Error({Code::Img10, classes[static_cast<std::size_t>(label)], "no picture of the class can be read", name, {}, "Repair its pictures or remove the folder."});
}

std::uint64_t availableFor(const FolderOptions& options) {
    if (options.limits.room > 0) return options.limits.room;
    const auto memory = static_cast<std::uint64_t>(process::availableMemory());
    if (options.reserved == 0) return memory / 2;
    const std::uint64_t most = memory / 5 * 4;
    return std::max(memory / 8, most - std::min(most, options.reserved));
}

void requireRoom(const PictureRoom& room, const FolderPictures& pictures, const FolderOptions& options) {
    if (room.decoding <= room.available) return;
    throw Error({Code::Img09, pictures.train.files->form().folder, "decoding the pictures does not fit into memory",
                 fmt::format("{} in {}", bytesText(room.decoding), countOf(static_cast<std::uint64_t>(std::max<std::int64_t>(options.threads, 1)), "thread", "threads")),
                 fmt::format("room for {}", bytesText(room.available)), "Set loader.threads lower, or make the largest pictures smaller."});
}

}  // namespace

void chooseSide(models::WantedPictures& wanted, PictureFolder& folder, const FolderOptions& options) {
    if (wanted.height == 0) chooseSide(wanted, folder, declaredOf(folder.train, options));
}

FolderPictures openPictures(PictureFolder folder, const FolderOptions& options) {
    if (folder.test && options.limit > 0) folder.train.resize(std::min(folder.train.size(), static_cast<std::size_t>(options.limit)));
    const Declared train = declaredOf(folder.train, options), test = declaredOf(folder.test.value_or(Listed{}), options);
    models::WantedPictures wanted = options.wanted;
    chooseSide(wanted, folder, train);
    PictureFiles::Form form{folder.name, wanted.height, wanted.width, wanted.channels > 0 ? wanted.channels : 1, 0, options.limits.image};
    for (const Declared* part : {&train, &test})
        for (const DeclaredImage& each : *part) {
            if (wanted.channels == 0) form.channels = std::max(form.channels, each.channels);
            const bool isRead = std::max(each.height, each.width) <= form.limits.maxSide;  // larger ones are refused before memory is taken
            if (isRead) form.decodingBytes = std::max(form.decodingBytes, std::min(each.decodingBytes, 4 * form.limits.maxDecoded));
        }
    FolderPictures found{opened(folder.train, form), std::nullopt, std::move(folder.notes)};
    if (folder.test) found.test = opened(*folder.test, form);
    return found;
}

void keepOnly(Pictures& pictures, std::span<const std::int64_t> numbers) {
    Pictures some{pictures.height, pictures.width, pictures.channels, {}, {}};
    std::vector<PictureFiles::Entry> entries;
    for (const std::int64_t number : numbers) {
        some.labels.push_back(pictures.labels[static_cast<std::size_t>(number)]);
        entries.push_back(pictures.files->entries()[static_cast<std::size_t>(number)]);
    }
    some.files = std::make_shared<const PictureFiles>(std::move(entries), pictures.files->form());
    pictures = std::move(some);
}

PictureRoom roomFor(const FolderPictures& pictures, const FolderOptions& options) {
    const auto each = static_cast<std::uint64_t>(pictures.train.bytesPerPicture());
    const auto count = static_cast<std::uint64_t>(pictures.train.count() + (pictures.test ? pictures.test->count() : 0));
    const auto threads = static_cast<std::uint64_t>(std::clamp<std::int64_t>(options.threads, 1, std::max(std::thread::hardware_concurrency(), 1U)));
    PictureRoom room{.all = count * each, .decoding = threads * pictures.train.files->form().decodingBytes, .available = availableFor(options)};
    room.kept = std::min(room.all, room.available - std::min(room.available, room.decoding)) / each * each;
    return room;
}

void decodePictures(FolderPictures& pictures, const std::vector<std::string>& classes, const FolderOptions& options) {
    const PictureRoom room = roomFor(pictures, options);
    requireRoom(room, pictures, options);
    const auto before = oneOfEach(pictures.train);
    const std::size_t kept = room.kept / static_cast<std::size_t>(pictures.train.bytesPerPicture()), ofTrain = std::min(kept, pictures.train.labels.size());
    Decoder train(pictures.train, ofTrain, options);
    train.decode();
    std::optional<Decoder> test;
    if (pictures.test) test.emplace(*pictures.test, kept - ofTrain, options), test->decode();
    requirePicturesOfAll(pictures.train, before, classes);
    for (const auto& note : {train.note(), test ? test->note() : std::nullopt})
        if (note) pictures.notes.push_back(*note);
    if (room.kept < room.all)
        pictures.notes.push_back(fmt::format("The pictures take {} decoded, for {} there is room in memory: the others are decoded each time they are asked for.", bytesText(room.all), bytesText(room.kept)));
}

FolderPictures readPictures(PictureFolder folder, const FolderOptions& options) {
    const std::vector<std::string> classes = folder.classes;
    FolderPictures found = openPictures(std::move(folder), options);
    decodePictures(found, classes, options);
    return found;
}

}  // namespace headroom::formats
