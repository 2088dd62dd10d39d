// SPDX-License-Identifier: Apache-2.0
#include "engine/data/outline.h"

#include <algorithm>
#include <utility>

#include "engine/data/learning.h"
#include "engine/formats/picture_files.h"

namespace headroom::data {
namespace {

Outline ofFolder(formats::RawDataset& raw, const Preparation& preparation) {
    const Split split = splitOf(raw, preparation);
    const formats::Pictures& pictures = raw.pictures;
    std::vector<std::int64_t> counts(raw.classes.size());
    for (const std::int64_t picture : split.training) ++counts[static_cast<std::size_t>(pictures.labels[static_cast<std::size_t>(picture)])];
    Outline outline;
    outline.shape = {.kind = models::DataKind::Pictures, .task = models::Task::Classification, .channels = pictures.channels,
                     .height = pictures.height, .width = pictures.width, .outputs = std::ssize(raw.classes)};
    outline.training = std::ssize(split.training);
    outline.validation = raw.testPictures ? raw.testPictures->count() : std::ssize(split.validation);
    outline.reference = {{"class_counts", std::move(counts)}};
    outline.format = raw.format;
    outline.classes = raw.classes;
    outline.notes = raw.notes;
    return outline;
}

/// What training will decode, which a limit makes less than the folder holds.
formats::PictureRoom roomOf(const formats::RawDataset& raw, const Outline& outline, const Preparation& preparation) {
    const auto each = static_cast<std::uint64_t>(raw.pictures.bytesPerPicture());
    formats::PictureRoom room = formats::roomFor(raw, readerOptions(preparation).folder);
    room.all = static_cast<std::uint64_t>(outline.training + outline.validation) * each;
    room.kept = std::min(room.all, room.kept);
    return room;
}

}  // namespace

Outline outlineOf(formats::RawDataset raw, const Preparation& preparation) {
    if (raw.pictures.files && !raw.pictures.files->areMet()) {
        Outline outline = ofFolder(raw, preparation);
        requireTraining(outline.training);
        outline.room = roomOf(raw, outline, preparation);
        return outline;
    }
    const Dataset dataset = prepare(std::move(raw), preparation);
    return {dataset.shape, dataset.format, dataset.classes, dataset.training->size(), dataset.validation ? dataset.validation->size() : 0,
            dataset.reference, dataset.fingerprint, dataset.notes, {}};
}

}  // namespace headroom::data
