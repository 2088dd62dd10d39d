// SPDX-License-Identifier: Apache-2.0
#include "engine/train/checkpoint_file.h"

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
    {graph::DType::I64, "I64"}, {graph::DType::I32, "I32"}, {graph::DType::U8, "U8"},   {graph::DType::Bool, "BOOL"}};

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

std::vector<std::byte> readAll(const fs::path& path) {
    const File file(path, O_RDONLY | O_NONBLOCK);
    struct stat info{};
    if (!file.isOpen() || ::fstat(file.descriptor(), &info) != 0) refuseRead(Code::Ckp08, path, "cannot be opened", std::strerror(errno));
    if (!S_ISREG(info.st_mode)) refuseRead(Code::Ckp08, path, "not a regular file");
    std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::pread(file.descriptor(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return bytes;
}

std::string_view textOf(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Size of the whole file by its two witnesses, the field and the last offset's header length; 0 where unreadable.
std::uint64_t sizeField(std::string_view text) {
    std::uint64_t size = 0;
    const std::string_view digits = text.substr(kSizeAt, kSizeDigits);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    return error == std::errc{} && end == digits.data() + digits.size() ? size : 0;
}

/// Cut off or damaged: nothing in the file is believed before this has passed.
void verify(const fs::path& path, std::vector<std::byte>& bytes) {
    const std::string_view text = textOf(bytes);
    const std::string present = grouped(static_cast<std::int64_t>(bytes.size()));
    if (text.size() < kFixed) refuseRead(Code::Ckp01, path, "the checkpoint is incomplete", present + " bytes");
    const std::string stored(text.substr(kHashAt, kHashDigits));
    std::memset(bytes.data() + kHashAt, '0', kHashDigits);
    Sha256 hash;
    hash.update(bytes);
    if (hash.hex() == stored) return;
    const std::uint64_t size = sizeField(text);
    if (size > text.size() && size < text.size() + (std::uint64_t{1} << 40))
        refuseRead(Code::Ckp01, path, "the checkpoint is incomplete",
                   fmt::format("{} of {} bytes", present, grouped(static_cast<std::int64_t>(size))));
    refuseRead(Code::Ckp02, path, "the checkpoint's checksum is wrong");
}

at::Tensor tensorOf(const fs::path& path, const nlohmann::json& entry, std::span<const std::byte> data) {
    const auto type = entry.at("dtype").get<std::string>();
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const auto offsets = entry.at("data_offsets").get<std::array<std::uint64_t, 2>>();
    for (const auto& [known, name] : kTypes) {
        if (name != type) continue;
        if (offsets[0] > offsets[1] || offsets[1] > data.size()) break;
        const auto bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
        std::uint64_t expected = static_cast<std::uint64_t>(graph::byteSize(known));
        for (const std::int64_t extent : shape)
            if (extent < 0 || __builtin_mul_overflow(expected, static_cast<std::uint64_t>(extent), &expected))
                refuseRead(Code::Ckp04, path, "a tensor's shape is not usable");
        if (expected != bytes.size()) break;
        return tensor::fromBytes(known, shape, bytes);
    }
    refuseRead(Code::Ckp04, path, "a tensor's entry is not usable");
}

CheckpointContent parse(const fs::path& path, const std::vector<std::byte>& bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > bytes.size() - kPrefix) refuseRead(Code::Ckp04, path, "the header is longer than the file");
    const auto header = nlohmann::json::parse(textOf(bytes).substr(kPrefix, length));
    const std::span<const std::byte> data = std::span(bytes).subspan(kPrefix + length);
    CheckpointContent content;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__")
            content.state = nlohmann::json::parse(entry.at("state").get_ref<const std::string&>());
        else
            content.tensors.push_back({name, tensorOf(path, entry, data)});
    }
    return content;
}

}  // namespace

at::Tensor CheckpointContent::find(std::string_view name) const {
    for (const NamedTensor& named : tensors)
        if (named.name == name) return named.tensor;
    return {};
}

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

CheckpointContent readCheckpoint(const fs::path& path) {
    std::vector<std::byte> bytes = readAll(path);
    verify(path, bytes);
    try {
        return parse(path, bytes);
    } catch (const nlohmann::json::exception&) {
        refuseRead(Code::Ckp04, path, "the header is not that of a checkpoint");
    }
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
