// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/formats/atomic_file.h"
#include "engine/formats/checked.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/safetensors_header.h"

namespace headroom::formats {
namespace {

[[noreturn]] void refuse(const std::string& name, const char* problem) {
    throw Error({Code::Int01, escaped(name), problem, "", "", "Report this as a fault of the program."});
}

std::uint64_t bytesOf(const StSpec& spec) {
    std::optional<std::uint64_t> bytes = elementSize(spec.type);
    for (const std::int64_t extent : spec.shape)
        bytes = bytes && extent >= 0 ? product(*bytes, static_cast<std::uint64_t>(extent)) : std::nullopt;
    if (!bytes) refuse(spec.name, "a tensor to be written has no size");
    return *bytes;
}

/// Wide types first, then by name, so that every tensor begins at a multiple of its element size, as the reference
/// writes them.
std::vector<std::size_t> writingOrder(const std::vector<StSpec>& specs) {
    std::vector<std::size_t> order(specs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const std::uint64_t sizeA = elementSize(specs[a].type);
        const std::uint64_t sizeB = elementSize(specs[b].type);
        return sizeA != sizeB ? sizeA > sizeB : specs[a].name < specs[b].name;
    });
    return order;
}

std::string quoted(const std::string& text) {
    if (findInvalidUtf8(text)) refuse(text, "a name to be written is not UTF-8");
    return nlohmann::json(text).dump();
}

}  // namespace

struct SafetensorsWriter::Layout {
    struct Place {
        std::uint64_t next, end;  ///< offsets in the file
    };

    Layout(const std::filesystem::path& path, const std::vector<StSpec>& specs,
           const std::map<std::string, std::string>& metadata)
        : file(path) {
        const std::string header = headerOf(specs, metadata);
        const std::uint64_t length = header.size();
        for (auto& [name, place] : places) {
            place.next += kStHeaderBegin + length;
            place.end += kStHeaderBegin + length;
        }
        file.writeAt(0, std::as_bytes(std::span(&length, 1)));
        file.writeAt(kStHeaderBegin, std::as_bytes(std::span(header)));
    }

    std::string headerOf(const std::vector<StSpec>& specs, const std::map<std::string, std::string>& metadata) {
        std::string text = "{";
        if (!metadata.empty()) text += "\"__metadata__\":" + objectOf(metadata);
        std::uint64_t offset = 0;
        for (const std::size_t i : writingOrder(specs)) {
            const StSpec& spec = specs[i];
            const Place place{offset, offset + bytesOf(spec)};
            if (!places.emplace(spec.name, place).second) refuse(spec.name, "a tensor is to be written twice");
            if (text.size() > 1) text += ',';
            text += fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", quoted(spec.name),
                                name(spec.type), fmt::join(spec.shape, ","), place.next, place.end);
            offset = place.end;
        }
        text += '}';
        text.resize((text.size() + 7) / 8 * 8, ' ');  // data aligned to 8 bytes, as the reference pads
        return text;
    }

    static std::string objectOf(const std::map<std::string, std::string>& metadata) {
        std::string text = "{";
        for (const auto& [key, value] : metadata) {
            if (text.size() > 1) text += ',';
            text += fmt::format("{}:{}", quoted(key), quoted(value));
        }
        return text + '}';
    }

    AtomicFile file;
    std::map<std::string, Place, std::less<>> places;
};

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, const std::vector<StSpec>& specs,
                                     const std::map<std::string, std::string>& metadata)
    : m_layout(std::make_unique<Layout>(path, specs, metadata)) {}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::write(std::string_view name, std::span<const std::byte> bytes) {
    const auto place = m_layout->places.find(name);
    if (place == m_layout->places.end()) refuse(std::string(name), "a tensor to be written was not announced");
    if (bytes.size() > place->second.end - place->second.next) refuse(std::string(name), "more data than announced");
    m_layout->file.writeAt(place->second.next, bytes);
    place->second.next += bytes.size();
}

void SafetensorsWriter::finish() {
    for (const auto& [name, place] : m_layout->places)
        if (place.next != place.end) refuse(name, "less data than announced");
    m_layout->file.commit();
}

void writeSafetensors(const std::filesystem::path& path, const std::vector<StView>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::vector<StSpec> specs;
    for (const StView& tensor : tensors) specs.push_back(tensor.spec);
    SafetensorsWriter writer(path, specs, metadata);
    for (const StView& tensor : tensors) writer.write(tensor.spec.name, tensor.bytes);
    writer.finish();
}

}  // namespace headroom::formats
