// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/image.h"
#include "engine/formats/pixel_sums.h"

namespace headroom::formats {

/// The files of a folder's pictures, each made of one size (fitted()) whenever it is asked for. Any number of threads may ask one that
/// nobody changes.
class PictureFiles {
public:
    /// What is the same for all of a folder.
    struct Form {
        std::string folder;  ///< its name, for messages
        std::int64_t height = 0, width = 0, channels = 0;
        std::uint64_t decodingBytes = 0;  ///< that a thread takes which decodes one, at its most
        ImageLimits limits{};
    };
    struct Entry {
        std::filesystem::path path;
        std::int64_t number = 0;           ///< in the list that it was chosen from
        std::uint64_t hash = 0;            ///< of its pixels; 0: it was not decoded yet
        std::vector<PixelSums> sums = {};  ///< a channel
    };

    PictureFiles(std::vector<Entry> entries, Form form) : m_entries(std::move(entries)), m_form(std::move(form)) {}

    const std::vector<Entry>& entries() const { return m_entries; }
    std::vector<Entry>& entries() { return m_entries; }
    const Form& form() const { return m_form; }
    /// All were decoded once; hashes and sums are known.
    bool areMet() const { return !m_entries.empty() && m_entries.front().hash != 0; }

    /// [height, width, channel]. Throws as readImage(), and IMG-08 where it is no longer the picture that it was when it was decoded first.
    void decode(std::size_t picture, std::span<std::uint8_t> out) const;
    /// Decodes it for the first time: hash and sums are known from then on.
    void meet(std::size_t picture, std::span<std::uint8_t> out);

private:
    Image made(const Entry& entry) const;

    std::vector<Entry> m_entries;
    Form m_form;
};

}  // namespace headroom::formats
