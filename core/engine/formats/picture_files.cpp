// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/picture_files.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "base/errors/error.h"
#include "engine/formats/pictures.h"

namespace headroom::formats {
namespace {

std::uint64_t hashOf(const Image& image) { return std::max<std::uint64_t>(XXH3_64bits(image.pixels.data(), image.pixels.size()), 1); }

[[noreturn]] void refuseChanged(const PictureFiles::Entry& entry, std::string found) {
    throw Error({Code::Img08, escaped(entry.path.filename().string()), "the picture changed since it was first read", std::move(found), {},
                 "Bring it back as it was, or start again with the folder as it is."});
}

}  // namespace

Image PictureFiles::made(const Entry& entry) const { return fitted(readImage(entry.path, m_form.limits), m_form.height, m_form.width, m_form.channels); }

void PictureFiles::decode(std::size_t picture, std::span<std::uint8_t> out) const {
    const Entry& entry = m_entries[picture];
    Image image;
    try {
        image = made(entry);
    } catch (const Error& error) {
        if (entry.hash == 0) throw;
        refuseChanged(entry, error.failures().front().problem);
    }
    if (entry.hash != 0 && hashOf(image) != entry.hash) refuseChanged(entry, "other pixels");
    std::ranges::copy(image.pixels, out.begin());
}

void PictureFiles::meet(std::size_t picture, std::span<std::uint8_t> out) {
    Entry& entry = m_entries[picture];
    const Image image = made(entry);
    const auto channels = static_cast<std::size_t>(m_form.channels);
    entry.hash = hashOf(image);
    entry.sums.assign(channels, {});
    for (std::size_t channel = 0; channel < channels; ++channel) entry.sums[channel].add(image.pixels.data() + channel, image.pixels.size() / channels, channels);
    std::ranges::copy(image.pixels, out.begin());
}

std::span<const std::uint8_t> Pictures::picture(std::int64_t number, std::vector<std::uint8_t>& room) const {
    const auto each = static_cast<std::size_t>(bytesPerPicture()), place = static_cast<std::size_t>(number);
    if (number < inMemory()) return {pixels.data() + place * each, each};
    room.resize(each);
    files->decode(place, room);
    return room;
}

}  // namespace headroom::formats
