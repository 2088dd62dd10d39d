// SPDX-License-Identifier: Apache-2.0
#include "engine/data/fingerprint.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <memory>
#include <string_view>

#include "engine/formats/picture_files.h"

namespace headroom::data {
namespace {

class Hash {
public:
    Hash() : m_state(XXH3_createState(), XXH3_freeState) { XXH3_128bits_reset(m_state.get()); }
    void add(const void* bytes, std::size_t count) { XXH3_128bits_update(m_state.get(), bytes, count); }
    void add(std::int64_t number) { add(&number, sizeof number); }
    /// With its length before it, so that neighbours cannot trade bytes.
    template <typename T>
    void add(const std::vector<T>& values) {
        add(static_cast<std::int64_t>(values.size()));
        add(values.data(), values.size() * sizeof(T));
    }
    void add(std::string_view text) {
        add(static_cast<std::int64_t>(text.size()));
        add(text.data(), text.size());
    }
    std::string hex() const {
        const XXH128_hash_t hash = XXH3_128bits_digest(m_state.get());
        return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
    }

private:
    std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> m_state;
};

/// Of files their hashes, which are known whether their pixels lie in memory or not; `whole`: the pixels in any case.
void add(Hash& hash, const formats::Pictures& pictures, bool whole) {
    hash.add(pictures.height);
    hash.add(pictures.width);
    hash.add(pictures.channels);
    if (pictures.files && !whole) {
        for (const formats::PictureFiles::Entry& entry : pictures.files->entries()) hash.add(static_cast<std::int64_t>(entry.hash));
    } else {
        hash.add(pictures.pixels);
    }
    hash.add(pictures.labels);
}

void add(Hash& hash, const formats::RawTable& raw) {
    hash.add(raw.table.rows);
    hash.add(raw.target);
    for (const formats::Column& column : raw.table.columns) {
        hash.add(std::string_view(column.name));
        hash.add(column.numbers);
        hash.add(column.codes);
        for (const std::string& category : column.categories) hash.add(std::string_view(category));
    }
    hash.add(raw.labels);
    hash.add(raw.values);
}

std::string hashed(const formats::RawDataset& raw, bool whole) {
    Hash hash;
    hash.add(static_cast<std::int64_t>(raw.kind));
    for (const std::string& name : raw.classes) hash.add(std::string_view(name));
    add(hash, raw.pictures, whole);
    if (raw.testPictures) add(hash, *raw.testPictures, whole);
    if (raw.kind == formats::Kind::Masks) hash.add(raw.masks.train), hash.add(raw.masks.test);
    add(hash, raw.table);
    for (const std::string& token : raw.text.tokens) hash.add(std::string_view(token));
    hash.add(raw.text.ids);
    return hash.hex();
}

}  // namespace

std::string fingerprintOf(const formats::RawDataset& raw) { return hashed(raw, false); }

std::string earlierFingerprintOf(const formats::RawDataset& raw) {
    const auto inMemory = [](const formats::Pictures& pictures) { return pictures.inMemory() == pictures.count(); };
    const bool isFolder = raw.pictures.files != nullptr, all = inMemory(raw.pictures) && (!raw.testPictures || inMemory(*raw.testPictures));
    return isFolder && all ? hashed(raw, true) : std::string();
}

}  // namespace headroom::data
