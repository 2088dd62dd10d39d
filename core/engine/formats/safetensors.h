// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/file.h"

namespace headroom::formats {

/// Element types of the safetensors format, by their names in the file.
enum class StType : std::uint8_t { Bool, U8, I8, F8E5M2, F8E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64 };
std::string_view name(StType type);
std::uint64_t elementSize(StType type);
std::optional<StType> stType(std::string_view name);

struct StTensor {
    std::string name;
    StType type = StType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< bytes of its data behind the header

    std::uint64_t bytes() const { return end - begin; }
};

struct StLimits {
    std::uint64_t maxHeader = 100'000'000;  ///< bytes, as the reference has it
    std::size_t maxTensors = 200'000;
    std::size_t maxName = 1024;  ///< bytes
    std::size_t maxRank = 32;
};

/// A safetensors file (github.com/huggingface/safetensors, "Format"), read with pread, never mapped. Everything that
/// the header says is checked before memory is taken. Throws Error STF-01 to STF-19, PKL-01, DAT-04.
class SafetensorsFile {
public:
    explicit SafetensorsFile(const std::filesystem::path& path, const StLimits& limits = {});

    /// In the order of their data.
    const std::vector<StTensor>& tensors() const { return m_tensors; }
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    /// The tensor of that name, or null.
    const StTensor* find(std::string_view name) const;

    /// Reads `out.size()` bytes of a tensor's data from `offset` on; little-endian as in the file.
    void read(const StTensor& tensor, std::span<std::byte> out, std::uint64_t offset = 0) const;
    std::vector<std::byte> read(const StTensor& tensor) const;
    /// Elements that are NaN or infinite; 0 for whole-number types. Reads the data in blocks.
    std::uint64_t countNonFinite(const StTensor& tensor) const;

private:
    File m_file;
    std::uint64_t m_dataBegin = 0;
    std::vector<StTensor> m_tensors;
    std::map<std::string, std::string> m_metadata;
    std::map<std::string_view, std::size_t> m_byName;
};

/// What is to be written: name, type and shape of a tensor.
struct StSpec {
    std::string name;
    StType type = StType::F32;
    std::vector<std::int64_t> shape;
};

/// Writes a safetensors file tensor by tensor, also in parts and in any order; the file appears with `finish`.
/// Throws DSK-01, DSK-02, and INT-01 for names that are there twice or not UTF-8.
class SafetensorsWriter {
public:
    SafetensorsWriter(const std::filesystem::path& path, const std::vector<StSpec>& specs,
                      const std::map<std::string, std::string>& metadata = {});
    ~SafetensorsWriter();

    /// The next bytes of a tensor's data.
    void write(std::string_view name, std::span<const std::byte> bytes);
    /// Throws INT-01 where a tensor's data is not complete.
    void finish();

private:
    struct Layout;
    std::unique_ptr<Layout> m_layout;
};

struct StView {
    StSpec spec;
    std::span<const std::byte> bytes;
};

/// All at once.
void writeSafetensors(const std::filesystem::path& path, const std::vector<StView>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace headroom::formats
