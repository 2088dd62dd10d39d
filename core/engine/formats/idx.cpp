// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"

namespace headroom::formats {
namespace {

constexpr int kMaxDimensions = 8;
constexpr std::size_t kBlock = 64 * 1024;
const char* const kAgain = "Download the file again.";

std::optional<IdxType> typeOf(std::uint8_t byte) {
    switch (byte) {
        case 0x08:
        case 0x09:
        case 0x0B:
        case 0x0C:
        case 0x0D:
        case 0x0E:
            return static_cast<IdxType>(byte);
        default:
            return std::nullopt;
    }
}

std::size_t readFully(ByteStream& stream, std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const std::size_t count = stream.read(out.subspan(done));
        if (count == 0) break;
        done += count;
    }
    return done;
}

std::uint64_t skip(ByteStream& stream, std::uint64_t most) {
    std::vector<std::byte> block(kBlock);
    std::uint64_t done = 0;
    while (done < most) {
        const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), most - done));
        const std::size_t count = stream.read(std::span(block).first(want));
        if (count == 0) break;
        done += count;
    }
    return done;
}

template <typename Word>
void swapWords(std::vector<std::uint8_t>& bytes) {
    for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word))
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(Word)));
}

void toMachineOrder(std::vector<std::uint8_t>& bytes, std::size_t elementSize) {
    if constexpr (std::endian::native == std::endian::big) return;
    if (elementSize == 2) swapWords<std::uint16_t>(bytes);
    if (elementSize == 4) swapWords<std::uint32_t>(bytes);
    if (elementSize == 8) swapWords<std::uint64_t>(bytes);
}

/// Reads one file in order: header, sizes, data.
class Reader {
public:
    Reader(const std::filesystem::path& path, const IdxOptions& options)
        : m_options(options), m_file(path), m_gzip(isGzip(m_file)) {
        if (m_file.size() == 0) refuse(Code::Idx01, "file is empty", "0 bytes", "at least 8 needed");
    }

    IdxArray read() {
        openAgain();
        readHeader();
        checkSizes();
        readData();
        m_file.requireUnchanged(Code::Idx08);
        toMachineOrder(m_array.bytes, elementSize(m_array.type));
        return std::move(m_array);
    }

private:
    [[noreturn]] void refuse(Code code, std::string problem, std::string found, std::string allowed,
                             std::string remedy = kAgain) const {
        throw Error({code, m_file.name(), std::move(problem), std::move(found), std::move(allowed), std::move(remedy)});
    }

    void openAgain() { m_stream = openStream(m_file, Code::Idx03, Code::Idx08); }

    void takeHeader(std::span<std::byte> out) {
        const std::size_t count = readFully(*m_stream, out);
        m_headerSize += count;
        if (m_headerSize == 0) refuse(Code::Idx01, "file is empty", "0 bytes", "at least 8 needed");
        if (count < out.size())
            refuse(Code::Idx02, fmt::format("header is cut off after {}", bytesText(m_headerSize)), "", "");
    }

    void readHeader() {
        m_headerSize = 0;
        std::array<std::uint8_t, 4> magic{};
        takeHeader(std::as_writable_bytes(std::span(magic).first(2)));
        if (magic[0] != 0 || magic[1] != 0)
            refuse(Code::Idx04, fmt::format("not an IDX file (magic 0x{:02X}{:02X})", magic[0], magic[1]), "",
                   "0x0000 needed", "Choose an IDX file.");
        takeHeader(std::as_writable_bytes(std::span(magic).subspan(2)));
        const std::optional<IdxType> type = typeOf(magic[2]);
        if (!type)
            refuse(Code::Idx05, fmt::format("unknown element type 0x{:02X}", magic[2]), "",
                   "allowed 08 09 0B 0C 0D 0E");
        m_array.type = *type;
        if (magic[3] < 1 || magic[3] > kMaxDimensions)
            refuse(Code::Idx06, "number of dimensions out of range", fmt::format("{} dimensions", magic[3]),
                   fmt::format("1 to {} allowed", kMaxDimensions));
        readDimensions(magic[3]);
    }

    void readDimensions(int count) {
        std::array<std::uint8_t, 4 * kMaxDimensions> raw{};
        takeHeader(std::as_writable_bytes(std::span(raw).first(4 * static_cast<std::size_t>(count))));
        m_array.dimensions.clear();
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            m_array.dimensions.push_back(std::int64_t{raw[4 * i]} << 24 | std::int64_t{raw[4 * i + 1]} << 16 |
                                         std::int64_t{raw[4 * i + 2]} << 8 | raw[4 * i + 3]);
        m_array.declared = m_array.dimensions.front();
    }

    std::string shapeText() const {
        std::string text;
        for (const std::int64_t extent : m_array.dimensions)
            text += (text.empty() ? "" : " x ") + groupedUnsigned(static_cast<std::uint64_t>(extent));
        return text;
    }

    void checkSizes() {
        if (std::find(m_array.dimensions.begin(), m_array.dimensions.end(), 0) != m_array.dimensions.end())
            refuse(Code::Idx12, "no samples", shapeText(), "every dimension at least 1");
        std::optional<std::uint64_t> size = elementSize(m_array.type);
        for (const std::int64_t extent : m_array.dimensions)
            if (size) size = product(*size, static_cast<std::uint64_t>(extent));
        if (!size || *size > m_options.limits.maxBytes)
            refuse(Code::Idx07, "size overflows", shapeText(),
                   fmt::format("at most {} allowed", bytesText(m_options.limits.maxBytes)));
        m_declaredBytes = *size;
        if (m_gzip)
            checkCompressed();
        else
            checkPlain();
    }

    void checkPlain() const {
        const std::uint64_t present = m_file.size() - m_headerSize;
        if (present < m_declaredBytes)
            refuse(Code::Idx08, "less data than declared", bytesText(m_declaredBytes) + " declared",
                   groupedUnsigned(present) + " present");
        if (present > m_declaredBytes)
            refuse(Code::Idx09, bytesText(present - m_declaredBytes) + " after the data",
                   bytesText(m_declaredBytes) + " declared", groupedUnsigned(present) + " present");
    }

    /// Before much memory is taken: deflate expands at most 1,032 times (zlib's technical notes), and what still is
    /// large is decoded once without keeping it.
    void checkCompressed() {
        constexpr std::uint64_t kMostExpansion = 1032;
        if (m_declaredBytes <= m_options.limits.trustedBytes) return;
        if (m_declaredBytes / kMostExpansion > m_file.size())
            refuseDecoded("at most " + bytesText(m_file.size() * kMostExpansion) + " present");
        const std::uint64_t present = skip(*m_stream, m_declaredBytes);
        if (present < m_declaredBytes) refuseDecoded(bytesText(present) + " present");
        checkEnd();
        openAgain();
        skip(*m_stream, m_headerSize);
    }

    [[noreturn]] void refuseDecoded(std::string present) const {
        refuse(Code::Idx03, "the decompressed data has another size than declared",
               bytesText(m_declaredBytes) + " declared", std::move(present));
    }

    /// Nothing may follow; how much does is counted only so far.
    void checkEnd() {
        constexpr std::uint64_t kMostCounted = 64 << 20;
        const std::uint64_t more = skip(*m_stream, kMostCounted);
        if (more == 0) return;
        refuseDecoded((more == kMostCounted ? "more than " : "") + bytesText(m_declaredBytes + more) + " present");
    }

    void readData() {
        const std::uint64_t each = m_declaredBytes / static_cast<std::uint64_t>(m_array.declared);
        if (m_options.firstSamples > 0) m_array.dimensions.front() = std::min(m_array.declared, m_options.firstSamples);
        const std::uint64_t kept = each * static_cast<std::uint64_t>(m_array.dimensions.front());
        m_array.bytes.resize(kept);
        if (!m_gzip)
            return m_file.readExactly(m_headerSize, std::as_writable_bytes(std::span(m_array.bytes)), Code::Idx08);
        std::uint64_t present = readFully(*m_stream, std::as_writable_bytes(std::span(m_array.bytes)));
        if (present == kept) present += skip(*m_stream, m_declaredBytes - kept);
        if (present < m_declaredBytes) refuseDecoded(bytesText(present) + " present");
        checkEnd();
    }

    IdxOptions m_options;
    File m_file;
    bool m_gzip;
    std::unique_ptr<ByteStream> m_stream;
    IdxArray m_array;
    std::uint64_t m_headerSize = 0;
    std::uint64_t m_declaredBytes = 0;
};

}  // namespace

std::size_t elementSize(IdxType type) {
    switch (type) {
        case IdxType::U8:
        case IdxType::I8:
            return 1;
        case IdxType::I16:
            return 2;
        case IdxType::I32:
        case IdxType::F32:
            return 4;
        case IdxType::F64:
            return 8;
    }
    return 1;
}

IdxArray readIdx(const std::filesystem::path& path, const IdxOptions& options) { return Reader(path, options).read(); }

}  // namespace headroom::formats
