// SPDX-License-Identifier: Apache-2.0
#include "engine/train/checkpoint_file.h"

#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <cstdio>
#include <span>
#include <utility>

#include "base/errors/error.h"
#include "base/process/liveness.h"
#include "base/units/units.h"
#include "engine/tensor/bridge.h"
#include "engine/train/optimizer_moment.h"
#include "engine/train/sha256.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;

// The header begins with these bytes, so the digits of hash and size stand at fixed places.
constexpr std::string_view kBegin = R"({"__metadata__":{"sha256":")";
constexpr std::string_view kBetween = R"(","size":")";
constexpr std::size_t kHashDigits = 64, kSizeDigits = 20, kPrefix = 8;
constexpr std::size_t kHashAt = kPrefix + kBegin.size();
constexpr std::size_t kSizeAt = kHashAt + kHashDigits + kBetween.size();
constexpr std::size_t kFixed = kSizeAt + kSizeDigits;

constexpr std::pair<graph::DType, std::string_view> kTypes[] = {
    {graph::DType::F32, "F32"}, {graph::DType::F64, "F64"}, {graph::DType::F16, "F16"}, {graph::DType::BF16, "BF16"},
    {graph::DType::I64, "I64"}, {graph::DType::I32, "I32"}, {graph::DType::U8, "U8"},   {graph::DType::Bool, "BOOL"},
    {graph::DType::I8, "I8"},   {graph::DType::I16, "I16"}, {graph::DType::U16, "U16"}, {graph::DType::U32, "U32"}, {graph::DType::U64, "U64"}};

std::string_view typeName(graph::DType type) {
    for (const auto& [known, name] : kTypes)
        if (known == type) return name;
    throw Error(Failure{Code::Int01, "checkpoint", "a tensor's type cannot be stored", {}, {}, {}});
}

class File {
public:
    File(const fs::path& path, int flags) : m_descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
    ~File() { if (m_descriptor >= 0) ::close(m_descriptor); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int descriptor() const { return m_descriptor; }
    bool isOpen() const { return m_descriptor >= 0; }

private:
    int m_descriptor;
};

[[noreturn]] void refuseWrite(const fs::path& path) {
    const std::string reason = std::strerror(errno);
    throw Error(Failure{Code::Ckp06, escaped(path.filename().string()), "the checkpoint cannot be written", reason, {},
                        "Training is paused at the checkpoint before. Make room or choose another place, then resume."});
}

/// Removes the temporary file of a write that failed; after the rename there is none of that name.
class Unlinker {
public:
    explicit Unlinker(const fs::path& path) : m_path(path) {}
    ~Unlinker() { ::unlink(m_path.c_str()); }
    Unlinker(const Unlinker&) = delete;
    Unlinker& operator=(const Unlinker&) = delete;

private:
    const fs::path& m_path;
};

/// Bytes of a safetensors file in order, with the running hash.
class HashingWriter {
public:
    HashingWriter(const File& file, const fs::path& path) : m_file(file), m_path(path) {}
    void write(std::span<const std::byte> bytes) {
        m_hash.update(bytes);
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t count = ::write(m_file.descriptor(), bytes.data() + done, bytes.size() - done);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) refuseWrite(m_path);
            done += static_cast<std::size_t>(count);
        }
    }
    std::string hash() { return m_hash.hex(); }

private:
    const File& m_file;
    const fs::path& m_path;
    Sha256 m_hash;
};

nlohmann::json entryOf(const at::Tensor& tensor, Bytes begin) {
    const auto bytes = static_cast<Bytes>(tensor.nbytes());
    return {{"dtype", typeName(tensor::dtype(tensor.scalar_type()))},
            {"shape", tensor.sizes().vec()},
            {"data_offsets", {begin, begin + bytes}}};
}

/// The whole header, padded with blanks to a multiple of 8; `size` becomes the file's.
std::string headerOf(const CheckpointContent& content, std::uint64_t& size) {
    std::string entries;
    Bytes offset = 0;
    for (const NamedTensor& named : content.tensors) {
        entries += fmt::format(",{}:{}", nlohmann::json(named.name).dump(), entryOf(named.tensor, offset).dump());
        offset += static_cast<Bytes>(named.tensor.nbytes());
    }
    const std::string state = nlohmann::json(content.state.dump()).dump();
    const std::string rest = fmt::format("\",\"format\":\"headroom-checkpoint\",\"state\":{}}}{}}}", state, entries);
    std::size_t length = kFixed - kPrefix + rest.size();
    length = (length + 7) / 8 * 8;
    size = kPrefix + length + static_cast<std::uint64_t>(offset);
    std::string header = fmt::format("{}{}{}{:020}{}", kBegin, std::string(kHashDigits, '0'), kBetween, size, rest);
    header.resize(length, ' ');
    return header;
}

/// What lies outside of memory goes by in pieces where it lies as the file has it.
void write(HashingWriter& writer, const NamedTensor& named) {
    const at::Tensor& tensor = named.tensor;
    if (!named.outside || !tensor.is_contiguous() || !tensor.is_cpu()) {
        writer.write(tensor::toBytes(tensor));
        if (named.outside) named.outside->letGo(tensor);
        return;
    }
    const std::span all(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes());
    const auto size = static_cast<std::size_t>(tensor.element_size());
    for (std::int64_t first = 0; first < tensor.numel(); first += kPieceOutside) {
        const std::int64_t count = std::min(kPieceOutside, tensor.numel() - first);
        writer.write(all.subspan(static_cast<std::size_t>(first) * size, static_cast<std::size_t>(count) * size));
        named.outside->letGo(tensor, first, count);
    }
}

void writeAll(const File& file, const fs::path& path, const CheckpointContent& content) {
    std::uint64_t size = 0;
    const std::string header = headerOf(content, size);
    const std::uint64_t length = header.size();
    HashingWriter writer(file, path);
    writer.write(std::as_bytes(std::span(&length, 1)));
    writer.write(std::as_bytes(std::span(header)));
    for (const NamedTensor& named : content.tensors) write(writer, named);
    const std::string hash = writer.hash();
    if (::pwrite(file.descriptor(), hash.data(), hash.size(), kHashAt) != static_cast<ssize_t>(hash.size()) ||
        ::fsync(file.descriptor()) != 0)
        refuseWrite(path);
}

[[noreturn]] void refuseRead(Code code, const fs::path& path, std::string problem, std::string found = {}) {
    throw Error(Failure{code, escaped(path.filename().string()), std::move(problem), std::move(found), {}, {}});
}

/// Size of the whole file by its field; 0 where unreadable.
std::uint64_t sizeField(std::string_view text) {
    std::uint64_t size = 0;
    const std::string_view digits = text.substr(kSizeAt, kSizeDigits);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    return error == std::errc{} && end == digits.data() + digits.size() ? size : 0;
}

/// The entry of a tensor whose bytes lie within `data` bytes from `begin` on.
CheckpointFile::Entry entryFrom(const fs::path& path, const nlohmann::json& entry, std::uint64_t begin, std::uint64_t data) {
    const auto type = entry.at("dtype").get<std::string>();
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const auto offsets = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
    for (const auto& [known, name] : kTypes) {
        if (name != type) continue;
        if (offsets[0] > offsets[1] || offsets[1] > data) break;
        std::uint64_t expected = static_cast<std::uint64_t>(graph::byteSize(known));
        for (const std::int64_t extent : shape)
            if (extent < 0 || __builtin_mul_overflow(expected, static_cast<std::uint64_t>(extent), &expected))
                refuseRead(Code::Ckp04, path, "a tensor's shape is not usable");
        if (expected != offsets[1] - offsets[0]) break;
        return {known, shape, begin + offsets[0]};
    }
    refuseRead(Code::Ckp04, path, "a tensor's entry is not usable");
}

}  // namespace

void writeCheckpoint(const fs::path& path, const CheckpointContent& content) {
    const process::ProcessId writer = process::self();
    fs::path temporary = path;
    temporary += fmt::format(".tmp-{}-{}", writer.pid, writer.startTime);
    const Unlinker unlinker(temporary);
    {
        const File file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file.isOpen()) refuseWrite(path);
        writeAll(file, path, content);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) refuseWrite(path);
    const File folder(path.parent_path(), O_RDONLY | O_DIRECTORY);
    if (!folder.isOpen() || ::fsync(folder.descriptor()) != 0) refuseWrite(path);
}

class CheckpointFile::Source {
public:
    explicit Source(const fs::path& path) : m_path(path), m_file(path, O_RDONLY | O_NONBLOCK) {
        struct stat info{};
        if (!m_file.isOpen() || ::fstat(m_file.descriptor(), &info) != 0)
            refuseRead(Code::Ckp08, path, "cannot be opened", std::strerror(errno));
        if (!S_ISREG(info.st_mode)) refuseRead(Code::Ckp08, path, "not a regular file");
        m_size = static_cast<std::uint64_t>(info.st_size);
    }
    const fs::path& path() const { return m_path; }
    std::uint64_t size() const { return m_size; }

    void read(std::uint64_t place, std::span<std::byte> out) const {
        for (std::size_t done = 0; done < out.size();) {
            const ssize_t count = ::pread(m_file.descriptor(), out.data() + done, out.size() - done, static_cast<off_t>(place + done));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) refuseRead(Code::Ckp01, m_path, "the checkpoint is incomplete");
            done += static_cast<std::size_t>(count);
        }
    }
    std::string text(std::uint64_t place, std::size_t count) const {
        std::string text(count, '\0');
        read(place, std::as_writable_bytes(std::span(text)));
        return text;
    }
    /// Cut off or damaged: nothing in the file is believed before this has passed.
    void verify() const {
        const std::string present = grouped(static_cast<std::int64_t>(m_size));
        if (m_size < kFixed) refuseRead(Code::Ckp01, m_path, "the checkpoint is incomplete", present + " bytes");
        const std::string begin = text(0, kFixed);
        if (hash() == begin.substr(kHashAt, kHashDigits)) return;
        const std::uint64_t size = sizeField(begin);
        if (size > m_size && size < m_size + (std::uint64_t{1} << 40))
            refuseRead(Code::Ckp01, m_path, "the checkpoint is incomplete",
                       fmt::format("{} of {} bytes", present, grouped(static_cast<std::int64_t>(size))));
        refuseRead(Code::Ckp02, m_path, "the checkpoint's checksum is wrong");
    }

private:
    std::string hash() const {
        constexpr std::uint64_t kPiece = 1 << 20;
        Sha256 hash;
        std::vector<std::byte> bytes;
        for (std::uint64_t place = 0; place < m_size; place += kPiece) {
            bytes.resize(static_cast<std::size_t>(std::min(kPiece, m_size - place)));
            read(place, bytes);
            if (place == 0) std::memset(bytes.data() + kHashAt, '0', kHashDigits);
            hash.update(bytes);
        }
        return hash.hex();
    }

    fs::path m_path;
    File m_file;
    std::uint64_t m_size = 0;
};

CheckpointFile::CheckpointFile(const fs::path& path) : m_source(std::make_unique<Source>(path)) {
    m_source->verify();
    std::uint64_t length = 0;
    m_source->read(0, std::as_writable_bytes(std::span(&length, 1)));
    if (length > m_source->size() - kPrefix) refuseRead(Code::Ckp04, path, "the header is longer than the file");
    const std::uint64_t begin = kPrefix + length, data = m_source->size() - begin;
    try {
        const auto header = nlohmann::json::parse(m_source->text(kPrefix, static_cast<std::size_t>(length)));
        for (const auto& [name, entry] : header.items()) {
            if (name == "__metadata__")
                m_state = nlohmann::json::parse(entry.at("state").get_ref<const std::string&>());
            else
                m_entries.emplace(name, entryFrom(path, entry, begin, data));
        }
    } catch (const nlohmann::json::exception&) {
        refuseRead(Code::Ckp04, path, "the header is not that of a checkpoint");
    }
}

CheckpointFile::~CheckpointFile() = default;
CheckpointFile::CheckpointFile(CheckpointFile&&) noexcept = default;
CheckpointFile& CheckpointFile::operator=(CheckpointFile&&) noexcept = default;

at::Tensor CheckpointFile::read(std::string_view name) const {
    const auto found = m_entries.find(name);
    if (found == m_entries.end()) return {};
    const Entry& entry = found->second;
    const at::Tensor tensor = at::empty(entry.shape, tensor::scalarType(entry.type));
    m_source->read(entry.begin, {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
    return tensor;
}

void removeLeftovers(const fs::path& folder) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        const std::size_t mark = name.find(".tmp-");
        if (mark == std::string::npos) continue;
        process::ProcessId writer;
        if (std::sscanf(name.c_str() + mark, ".tmp-%d-%lu", &writer.pid, &writer.startTime) == 2 && process::isAlive(writer) &&
            writer != process::self())
            continue;
        fs::remove(entry.path(), ignored);
    }
}

}  // namespace headroom::train
