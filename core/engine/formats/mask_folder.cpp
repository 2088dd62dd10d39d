// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/mask_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <map>
#include <mutex>

#include "base/errors/error.h"
#include "base/process/available_memory.h"
#include "engine/formats/checked.h"
#include "engine/formats/for_all.h"
#include "engine/formats/folder_walk.h"
#include "engine/formats/mask_image.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;
using Pairs = std::vector<MaskFolder::Pair>;
constexpr std::size_t kValues = 256;

/// Which bytes the masks of a part hold, and where each came first. Filled by many threads.
class Values {
public:
    void add(const Image& mask, std::size_t place) {
        std::bitset<kValues> here;
        for (const std::uint8_t pixel : mask.pixels) here.set(pixel);
        const std::lock_guard lock(m_mutex);
        for (std::size_t value = 0; value < kValues; ++value)
            if (here[value]) m_first[value] = has(value) ? std::min(m_first[value], place + 1) : place + 1;
    }
    bool has(std::size_t value) const { return m_first[value] > 0; }
    /// Of the masks that hold it.
    std::size_t firstPlace(std::size_t value) const { return m_first[value] - 1; }

private:
    std::mutex m_mutex;
    std::array<std::size_t, kValues> m_first{};  ///< place + 1; 0 = nowhere
};

/// One part, decoded.
class MaskDecoder {
public:
    MaskDecoder(const Pairs& pairs, const models::WantedPictures& wanted, const FolderOptions& options) : m_pairs(pairs), m_options(options) {
        pictures.height = wanted.height;
        pictures.width = wanted.width;
        pictures.channels = wanted.channels > 0 ? wanted.channels : 3;
        pictures.labels.resize(pairs.size());
    }

    void decode() {
        pictures.pixels.resize(m_pairs.size() * static_cast<std::size_t>(pictures.bytesPerPicture()));
        masks.resize(m_pairs.size() * pixels());
        forAll(m_pairs.size(), m_options.threads, [this] { requireGoesOn(m_options.goesOn); }, [this](std::size_t k) { decode(k); });
    }
    bool isColoured() const { return m_coloured; }
    std::string maskWith(std::size_t value) const { return shownName(m_pairs[values.firstPlace(value)].mask); }

    Pictures pictures;
    std::vector<std::uint8_t> masks;
    Values values;

private:
    std::size_t pixels() const { return static_cast<std::size_t>(pictures.height * pictures.width); }

    void decode(std::size_t k) {
        const Image image = readListed(readImage, m_pairs[k].picture), mask = readListed(readMask, m_pairs[k].mask);
        if (mask.height != image.height || mask.width != image.width)
            throw Error({Code::Img11, shownName(m_pairs[k].mask), "the mask has another size than its picture", fmt::format("{} × {}", mask.width, mask.height),
                         fmt::format("{} × {} needed", image.width, image.height), "Save the mask in its picture's size."});
        if (image.channels > 1) m_coloured = true;
        values.add(mask, k);
        std::ranges::copy(fitted(image, pictures.height, pictures.width, pictures.channels).pixels, pictures.pixels.begin() + static_cast<std::ptrdiff_t>(k) * pictures.bytesPerPicture());
        std::ranges::copy(fittedMask(mask, pictures.height, pictures.width).pixels, masks.begin() + static_cast<std::ptrdiff_t>(k * pixels()));
    }

    /// A file that was there when the folder was listed.
    Image readListed(Image (*read)(const fs::path&, const ImageLimits&), const fs::path& path) const {
        try {
            return read(path, m_options.limits.image);
        } catch (const Error&) {
            std::error_code ignored;
            if (fs::exists(fs::symlink_status(path, ignored))) throw;
            throw Error({Code::Img08, shownName(path), "the file is gone since the folder was listed", {}, {}, "Bring it back, or start again without it."});
        }
    }

    const Pairs& m_pairs;
    const FolderOptions& m_options;
    std::atomic<bool> m_coloured = false;
};

/// What the bytes of all masks together mean.
class Meaning {
public:
    Meaning(const MaskFolder& folder, const MaskDecoder& train, const MaskDecoder* test, const MaskOptions& options)
        : m_folder(folder), m_train(train), m_test(test), m_names(options.classes.empty() ? folder.classes : options.classes),
          twoValued(options.twoValued.value_or(areTwo())) {
        classes = m_names.empty() ? numbers(largest() + 1) : m_names;
        if (m_names.empty() && twoValued) classes.back() = std::to_string(kIgnoredPixel);
        requireKnown(m_names.empty() ? options.mostUnnamed : m_names.size());
    }

    /// Of a whole training part; names say what there is in any case.
    void requireLearnt() const {
        if (!m_test || !m_names.empty()) return;
        for (std::size_t k = 0; k < classes.size(); ++k)
            if (m_test->values.has(byteOf(k)) && !m_train.values.has(byteOf(k)))
                throw Error({Code::Dat01, m_test->maskWith(byteOf(k)), "a class of the validation part that the training part has not", fmt::format("class {}", classes[k]), {},
                             "Add it to the training part, or name the classes in classes.txt."});
    }
    void requireClasses(std::size_t least) const {
        if (classes.size() >= least) return;
        throw Error({Code::Img07, m_folder.name, classes.empty() ? "no pixel has a class" : "there is only one class", classes.empty() ? "255 alone, which is ignored" : "class 0 alone",
                     fmt::format("at least {} needed", least), "Choose masks with more classes."});
    }
    std::vector<std::string> notes() const {
        std::vector<std::string> notes, absent;
        for (std::size_t k = 0; k < classes.size(); ++k)
            if (!m_train.values.has(byteOf(k))) absent.push_back(classes[k]);
        if (twoValued) notes.push_back("The masks hold 0 and 255 alone: they are two classes.");
        if (!absent.empty()) notes.push_back(fmt::format("No pixel of the training part is of: {}.", listed(absent)));
        return notes;
    }

private:
    const MaskFolder& m_folder;
    const MaskDecoder &m_train, *m_test;
    const std::vector<std::string> m_names;

    bool occurs(std::size_t value) const { return m_train.values.has(value) || (m_test && m_test->values.has(value)); }
    bool areTwo() const {
        for (std::size_t value = 1; value < kIgnoredPixel; ++value)
            if (occurs(value)) return false;
        return occurs(0) && occurs(kIgnoredPixel);
    }
    std::size_t byteOf(std::size_t number) const { return twoValued && number == 1 ? kIgnoredPixel : number; }
    /// Class number; -1 where there is none.
    std::ptrdiff_t largest() const {
        std::ptrdiff_t value = kIgnoredPixel - 1;
        while (value >= 0 && !occurs(static_cast<std::size_t>(value))) --value;
        return twoValued && occurs(kIgnoredPixel) ? std::max<std::ptrdiff_t>(value, 1) : value;
    }
    static std::vector<std::string> numbers(std::ptrdiff_t count) {
        std::vector<std::string> names;
        for (std::ptrdiff_t k = 0; k < count; ++k) names.push_back(std::to_string(k));
        return names;
    }
    void requireKnown(std::size_t count) const {
        const auto value = largest();
        if (value < static_cast<std::ptrdiff_t>(count)) return;
        const std::size_t byte = occurs(static_cast<std::size_t>(value)) ? static_cast<std::size_t>(value) : kIgnoredPixel;
        const std::string name = m_train.values.has(byte) ? m_train.maskWith(byte) : m_test->maskWith(byte);
        throw Error({Code::Img14, name, "a class number that is too large", std::to_string(byte),
                     m_names.empty() ? fmt::format("0 to {} without names", count - 1) : fmt::format("0 to {}: so many classes are named", count - 1),
                     m_names.empty() ? "Name the classes in classes.txt, a line each; soft edges are no class numbers." : "Correct the mask, or 255 where no class is meant."});
    }

public:
    const bool twoValued;
    std::vector<std::string> classes;
};

/// Before anything is decoded.
void requireRoom(const MaskFolder& folder, const FolderOptions& options, const models::WantedPictures& wanted) {
    const std::uint64_t count = folder.train.size() + (folder.test ? folder.test->size() : 0);
    const auto available = options.limits.room > 0 ? options.limits.room : static_cast<std::uint64_t>(process::availableMemory()) / 5 * 4;
    const auto needed = product(count, static_cast<std::uint64_t>(wanted.height * wanted.width * wanted.channels));
    if (needed && *needed <= available) return;
    throw Error({Code::Img09, folder.name, "the decoded pictures do not fit into memory",
                 fmt::format("{} pictures of {} x {} pixels take {}", groupedUnsigned(count), wanted.width, wanted.height, needed ? bytesText(*needed) : "more than can be counted"),
                 fmt::format("room for {}", bytesText(available)), "Set data.side smaller, or train on fewer pictures."});
}

/// One of three equal channels.
void keepBrightness(Pictures& pictures) {
    std::vector<std::uint8_t>& pixels = pictures.pixels;
    for (std::size_t k = 0; k < pixels.size() / 3; ++k) pixels[k] = pixels[3 * k];
    pixels.resize(pixels.size() / 3);
    pixels.shrink_to_fit();
    pictures.channels = 1;
}

/// For the choice of a side that folders of pictures share: the pictures alone.
PictureFolder picturesOf(const MaskFolder& folder) {
    const auto list = [](const Pairs& pairs) {
        std::vector<PictureFolder::Picture> pictures;
        for (const MaskFolder::Pair& pair : pairs) pictures.push_back({pair.picture, 0});
        return pictures;
    };
    PictureFolder pictures{folder.name, {}, list(folder.train), std::nullopt, folder.notes};
    if (folder.test) pictures.test = list(*folder.test);
    return pictures;
}

void makeOne(std::vector<std::uint8_t>& masks) { std::ranges::replace(masks, kIgnoredPixel, std::uint8_t{1}); }

}  // namespace

MaskedPictures readMasks(MaskFolder folder, const FolderOptions& options, const MaskOptions& how) {
    if (folder.test && options.limit > 0) folder.train.resize(std::min(folder.train.size(), static_cast<std::size_t>(options.limit)));
    models::WantedPictures wanted = options.wanted;
    PictureFolder pictures = picturesOf(folder);
    chooseSide(wanted, pictures, options);
    models::WantedPictures withMask = wanted;
    withMask.channels = (wanted.channels > 0 ? wanted.channels : 3) + 1;
    requireRoom(folder, options, withMask);
    MaskDecoder train(folder.train, wanted, options);
    train.decode();
    std::optional<MaskDecoder> test;
    if (folder.test) test.emplace(*folder.test, wanted, options), test->decode();
    const Meaning meaning(folder, train, test ? &*test : nullptr, how);
    meaning.requireClasses(options.leastClasses);
    if (options.limit == 0) meaning.requireLearnt();  // some pictures of it may lack classes of all
    const bool grey = wanted.channels == 0 && !train.isColoured() && !(test && test->isColoured());
    MaskedPictures found{meaning.classes, std::move(train.pictures), std::nullopt, {std::move(train.masks), {}, meaning.twoValued}, std::move(pictures.notes)};
    if (test) found.test = std::move(test->pictures), found.masks.test = std::move(test->masks);
    if (grey) keepBrightness(found.train);
    if (grey && found.test) keepBrightness(*found.test);
    if (meaning.twoValued) makeOne(found.masks.train), makeOne(found.masks.test);
    std::ranges::move(meaning.notes(), std::back_inserter(found.notes));
    return found;
}

}  // namespace headroom::formats
