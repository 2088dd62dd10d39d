// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <future>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/detect.h"
#include "engine/formats/idx.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;

/// The file of that name with `-` or `.` before "idx", plain or compressed; the plain one first.
fs::path variantOf(const fs::path& folder, const std::string& stem, const std::string& ending) {
    for (const char* compression : {"", ".gz"})
        for (const char* separator : {"-", "."}) {
            const fs::path candidate = folder / (stem + separator + ending + compression);
            std::error_code ignored;
            if (fs::exists(fs::symlink_status(candidate, ignored))) return candidate;
        }
    return {};
}

template <typename Element>
std::int32_t elementAt(const IdxArray& array, std::size_t index) {
    Element element;
    std::memcpy(&element, array.bytes.data() + index * sizeof(Element), sizeof(Element));
    return static_cast<std::int32_t>(element);
}

std::int32_t labelAt(const IdxArray& array, std::size_t index) {
    switch (array.type) {
        case IdxType::U8:
            return elementAt<std::uint8_t>(array, index);
        case IdxType::I8:
            return elementAt<std::int8_t>(array, index);
        case IdxType::I16:
            return elementAt<std::int16_t>(array, index);
        default:
            return elementAt<std::int32_t>(array, index);
    }
}

std::string nameOf(const fs::path& path) { return escaped(path.filename().string()); }

/// Labels of all pictures, also of those beyond a limit: they are small and decide the number of classes.
std::vector<std::int32_t> readLabels(const fs::path& path, const PictureLimits& limits) {
    const IdxArray array = readIdx(path, {0, limits});
    if (array.dimensions.size() != 1)
        throw Error({Code::Idx06, nameOf(path), "number of dimensions out of range",
                     fmt::format("{} dimensions", array.dimensions.size()), "labels have 1",
                     "Choose a file of labels."});
    if (array.type == IdxType::F32 || array.type == IdxType::F64)
        throw Error({Code::Idx05, nameOf(path), "labels must be whole numbers",
                     fmt::format("element type 0x{:02X}", static_cast<int>(array.type)), "allowed 08 09 0B 0C",
                     "Choose a file of labels."});
    std::vector<std::int32_t> labels(static_cast<std::size_t>(array.declared));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = labelAt(array, i);
    return labels;
}

struct Images {
    Pictures pictures;
    std::int64_t declared = 0;
};

Images readImages(const fs::path& path, std::int64_t limit, const PictureLimits& limits) {
    IdxArray array = readIdx(path, {limit, limits});
    const std::size_t rank = array.dimensions.size();
    if (rank < 3 || rank > 4)
        throw Error({Code::Idx06, nameOf(path), "number of dimensions out of range", fmt::format("{} dimensions", rank),
                     "pictures have 3 or 4", "Choose a file of pictures."});
    if (array.type != IdxType::U8)
        throw Error({Code::Idx05, nameOf(path), "pictures must be unsigned bytes",
                     fmt::format("element type 0x{:02X}", static_cast<int>(array.type)), "allowed 08",
                     "Save the pictures as bytes."});
    for (std::size_t i = 1; i < 3; ++i)
        if (array.dimensions[i] > limits.maxSide)
            throw Error({Code::Idx06, nameOf(path), "a picture's side is too long",
                         groupedUnsigned(static_cast<std::uint64_t>(array.dimensions[i])) + " pixels",
                         fmt::format("at most {} allowed", limits.maxSide), "Choose a file of pictures."});
    Images images;
    images.pictures = {
        array.dimensions[1], array.dimensions[2], rank == 4 ? array.dimensions[3] : 1, std::move(array.bytes), {}};
    images.declared = array.declared;
    return images;
}

void requireSameCount(const fs::path& path, const Images& images, const std::vector<std::int32_t>& labels) {
    if (images.declared == static_cast<std::int64_t>(labels.size())) return;
    throw Error({Code::Idx10, nameOf(path), "pictures and labels differ in number",
                 fmt::format("{} images but {} labels", groupedUnsigned(static_cast<std::uint64_t>(images.declared)),
                             groupedUnsigned(labels.size())),
                 "", "Choose files that belong together."});
}

void requireClasses(const fs::path& path, const std::vector<std::int32_t>& labels, std::int64_t classes) {
    const auto outside = [classes](std::int32_t label) { return label < 0 || label >= classes; };
    const auto first = std::find_if(labels.begin(), labels.end(), outside);
    if (first == labels.end()) return;
    const auto index = static_cast<std::uint64_t>(first - labels.begin());
    throw Error({Code::Idx11, nameOf(path), "a label is outside the classes",
                 fmt::format("label {} at index {}", *first, groupedUnsigned(index)),
                 fmt::format("0 to {} allowed, as in the other labels", classes - 1), "Correct the label."});
}

/// Number of classes as the labels say: 0 up to the first gap, so that a stray 200 among 0 to 9 is no class, and only
/// what both parts reach. Files that count from 1 leave class 0 empty.
std::int64_t classesOf(const std::vector<std::int32_t>& train, const std::vector<std::int32_t>& test) {
    constexpr std::int32_t kMostClasses = 1 << 20;
    std::vector<bool> seen(1, true);
    for (const auto* labels : {&train, &test})
        for (const std::int32_t label : *labels) {
            if (label < 0 || label >= kMostClasses) continue;
            if (static_cast<std::size_t>(label) >= seen.size()) seen.resize(static_cast<std::size_t>(label) + 1);
            seen[static_cast<std::size_t>(label)] = true;
        }
    std::int64_t classes = std::find(seen.begin(), seen.end(), false) - seen.begin();
    for (const auto* labels : {&train, &test})
        if (!labels->empty())
            classes =
                std::min<std::int64_t>(classes, std::int64_t{*std::max_element(labels->begin(), labels->end())} + 1);
    return classes;
}

Pictures withLabels(Images images, std::vector<std::int32_t> labels) {
    const std::int64_t each = images.pictures.bytesPerPicture();
    labels.resize(images.pictures.pixels.size() / static_cast<std::size_t>(each));
    images.pictures.labels = std::move(labels);
    return std::move(images.pictures);
}

}  // namespace

std::optional<IdxSet> findIdxSet(const fs::path& folder) {
    const std::string images = "idx3-ubyte";
    const std::string labels = "idx1-ubyte";
    IdxSet set{variantOf(folder, "train-images", images), variantOf(folder, "train-labels", labels),
               variantOf(folder, "t10k-images", images), variantOf(folder, "t10k-labels", labels)};
    if (set.trainImages.empty() && set.trainLabels.empty()) return std::nullopt;
    for (const fs::path* path : {&set.trainImages, &set.trainLabels, &set.testImages, &set.testLabels})
        if (!path->empty()) requireInside(folder, *path);
    return set;
}

IdxPictures readIdxSet(const IdxSet& set, std::int64_t limit, std::int64_t classes, const PictureLimits& limits) {
    for (const auto& [present, absent] : {std::pair{&set.trainImages, &set.trainLabels},
                                          {&set.trainLabels, &set.trainImages},
                                          {&set.testImages, &set.testLabels},
                                          {&set.testLabels, &set.testImages}})
        if (!present->empty() && absent->empty())
            throw Error({Code::Dat04, nameOf(*present), "its partner is missing", "only one of pictures and labels", "",
                         "Put both files into one folder."});
    const bool hasTest = !set.testImages.empty();
    // The training pictures take nearly all of the time: everything else is read beside them.
    auto rest = std::async(std::launch::async, [&] {
        auto trainLabels = readLabels(set.trainLabels, limits);
        auto testLabels = hasTest ? readLabels(set.testLabels, limits) : std::vector<std::int32_t>{};
        auto testImages = hasTest ? readImages(set.testImages, 0, limits) : Images{};
        return std::tuple(std::move(trainLabels), std::move(testLabels), std::move(testImages));
    });
    Images trainImages = readImages(set.trainImages, hasTest ? limit : 0, limits);
    auto [trainLabels, testLabels, testImages] = rest.get();

    requireSameCount(set.trainLabels, trainImages, trainLabels);
    if (hasTest) requireSameCount(set.testLabels, testImages, testLabels);
    IdxPictures all;
    all.classes = classes > 0 ? classes : classesOf(trainLabels, testLabels);
    requireClasses(set.trainLabels, trainLabels, all.classes);
    if (hasTest) requireClasses(set.testLabels, testLabels, all.classes);
    all.train = withLabels(std::move(trainImages), std::move(trainLabels));
    if (hasTest) all.test = withLabels(std::move(testImages), std::move(testLabels));
    return all;
}

}  // namespace headroom::formats
