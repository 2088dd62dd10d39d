// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/detect.h"
#include "engine/formats/safetensors_header.h"

namespace headroom::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in the file");

struct TypeRow {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array<TypeRow, 15> kTypes{{{"BOOL", 1},
                                          {"U8", 1},
                                          {"I8", 1},
                                          {"F8_E5M2", 1},
                                          {"F8_E4M3", 1},
                                          {"I16", 2},
                                          {"U16", 2},
                                          {"F16", 2},
                                          {"BF16", 2},
                                          {"I32", 4},
                                          {"U32", 4},
                                          {"F32", 4},
                                          {"F64", 8},
                                          {"I64", 8},
                                          {"U64", 8}}};

/// Bits of the exponent: all set means NaN or infinity (E4M3: all below the sign, NaN only).
std::uint64_t exponentMask(StType type) {
    switch (type) {
        case StType::F8E5M2:
            return 0x7C;
        case StType::F8E4M3:
            return 0x7F;
        case StType::F16:
            return 0x7C00;
        case StType::BF16:
            return 0x7F80;
        case StType::F32:
            return 0x7F800000;
        case StType::F64:
            return 0x7FF0000000000000;
        default:
            return 0;
    }
}

template <typename Word>
std::uint64_t countMasked(std::span<const std::byte> bytes, std::uint64_t wideMask) {
    const auto mask = static_cast<Word>(wideMask);
    std::uint64_t count = 0;
    for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word)) {
        Word word;
        std::memcpy(&word, bytes.data() + at, sizeof(Word));
        count += (word & mask) == mask ? 1 : 0;
    }
    return count;
}

std::uint64_t countMasked(std::span<const std::byte> bytes, std::uint64_t mask, std::uint64_t elementSize) {
    switch (elementSize) {
        case 1:
            return countMasked<std::uint8_t>(bytes, mask);
        case 2:
            return countMasked<std::uint16_t>(bytes, mask);
        case 4:
            return countMasked<std::uint32_t>(bytes, mask);
        default:
            return countMasked<std::uint64_t>(bytes, mask);
    }
}

std::uint64_t headerLength(const File& file, const StLimits& limits) {
    if (file.size() < kStHeaderBegin)
        throw Error({Code::Stf01, file.name(), "8-byte header length missing", bytesText(file.size()), "",
                     "Choose a safetensors file."});
    std::uint64_t length = 0;
    file.readExactly(0, std::as_writable_bytes(std::span(&length, 1)), Code::Stf18);
    if (length > limits.maxHeader)
        throw Error({Code::Stf02, file.name(), "header length out of range", "header of " + bytesText(length),
                     "limit " + groupedUnsigned(limits.maxHeader), "Choose a safetensors file."});
    if (length > file.size() - kStHeaderBegin)
        throw Error({Code::Stf03, file.name(), "the header is longer than the file", "header of " + bytesText(length),
                     groupedUnsigned(file.size() - kStHeaderBegin) + " present", "Download the file again."});
    return length;
}

}  // namespace

std::string_view name(StType type) { return kTypes[static_cast<std::size_t>(type)].name; }
std::uint64_t elementSize(StType type) { return kTypes[static_cast<std::size_t>(type)].bytes; }

std::optional<StType> stType(std::string_view name) {
    const auto row = std::find_if(kTypes.begin(), kTypes.end(), [name](const TypeRow& r) { return r.name == name; });
    return row == kTypes.end() ? std::nullopt : std::optional(static_cast<StType>(row - kTypes.begin()));
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, const StLimits& limits) : m_file(path) {
    refusePickle(m_file);
    const std::uint64_t length = headerLength(m_file, limits);
    m_dataBegin = kStHeaderBegin + length;
    std::string text(length, '\0');
    m_file.readExactly(kStHeaderBegin, std::as_writable_bytes(std::span(text)), Code::Stf18);
    StHeader header = parseStHeader(text, m_file.size() - m_dataBegin, m_file.name(), limits);
    m_tensors = std::move(header.tensors);
    m_metadata = std::move(header.metadata);
    for (std::size_t i = 0; i < m_tensors.size(); ++i) m_byName.emplace(m_tensors[i].name, i);
}

const StTensor* SafetensorsFile::find(std::string_view name) const {
    const auto found = m_byName.find(name);
    return found == m_byName.end() ? nullptr : &m_tensors[found->second];
}

void SafetensorsFile::read(const StTensor& tensor, std::span<std::byte> out, std::uint64_t offset) const {
    if (offset > tensor.bytes() || out.size() > tensor.bytes() - offset)
        throw Error({Code::Int01, tensor.name, "a read beyond the tensor", "", "", ""});
    m_file.readExactly(m_dataBegin + tensor.begin + offset, out, Code::Stf18);
}

std::vector<std::byte> SafetensorsFile::read(const StTensor& tensor) const {
    std::vector<std::byte> bytes(tensor.bytes());
    read(tensor, bytes);
    return bytes;
}

std::uint64_t SafetensorsFile::countNonFinite(const StTensor& tensor) const {
    constexpr std::uint64_t kBlock = 1 << 20;
    const std::uint64_t mask = exponentMask(tensor.type);
    if (mask == 0) return 0;
    std::vector<std::byte> block(std::min(kBlock, tensor.bytes()));
    std::uint64_t count = 0;
    for (std::uint64_t at = 0; at < tensor.bytes(); at += block.size()) {
        const auto part = std::span(block).first(std::min<std::uint64_t>(block.size(), tensor.bytes() - at));
        read(tensor, part, at);
        count += countMasked(part, mask, elementSize(tensor.type));
    }
    return count;
}

}  // namespace headroom::formats
